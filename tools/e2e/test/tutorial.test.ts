import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureProgram } from '@lb-matrix/interop/install';
import { startPeer } from '@lb-matrix/interop/process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../src/free-port.ts';
import { freshCheckout } from '../src/fresh-checkout.ts';
import { openTerminal, type Terminal } from '../src/terminal.ts';
import { type BashSession, openBash } from '../src/tutorial/bash-session.ts';
import { type Block, parseBlocks, replaceBlocks } from '../src/tutorial/blocks.ts';
import { comparable } from '../src/tutorial/comparable.ts';

/** The page whose commands run here. With UPDATE_DOCS=1 the outputs on it are replaced where they differ. */
const PAGE = fileURLToPath(new URL('../../../docs/tutorial.md', import.meta.url));
const UPDATE = process.env.UPDATE_DOCS === '1';

const page = readFileSync(PAGE, 'utf8');
const blocks = parseBlocks(page);
/** What the page should show. */
const shown: Block[] = [];

let folder: string;
/** Where the proxy keeps its certificate. */
let home: string;
let bash: BashSession;
let server: Terminal | undefined;
/** What the page calls 8008, and 8009 where nobody listens. */
let port: number;
let silentPort: number;

/** Its last line is 7 where nobody listens. */
const UNREACHABLE = 'coap -k https://localhost:8008/; echo $?';

/** A command with the ports of this run. */
const here = (command: string): string =>
  command.replaceAll('8008', String(port)).replaceAll('8009', String(silentPort));

/** An output as a reader sees it, who has the ports of the page and folders of their own. */
const there = (output: string): string =>
  output
    .replaceAll(String(port), '8008')
    .replaceAll(String(silentPort), '8009')
    .replaceAll(folder, '/home/you/low-bandwidth-matrix')
    .replaceAll(home, '/home/you')
    .trimEnd();

beforeAll(async () => {
  ensureProgram('openssl', 'openssl');
  ensureProgram('script', 'bsdutils');
  home = mkdtempSync(join(tmpdir(), 'lb-home-'));
  [folder, port, silentPort] = await Promise.all([freshCheckout(), freePort(), freePort()]);
  bash = openBash(folder);
});

afterAll(async () => {
  await server?.close();
  await bash?.close();
  for (const directory of [folder, home]) await rm(directory, { recursive: true, force: true });
  if (UPDATE && shown.length === blocks.length) writeFileSync(PAGE, replaceBlocks(page, shown));
});

/** Keeps an output of the page unless it differs by more than it may. */
function check(actual: string, expected: string): string {
  if (UPDATE && comparable(actual) !== comparable(expected)) return actual;
  expect(comparable(actual)).toBe(comparable(expected));
  return expected;
}

/** Types Ctrl-C. The proxy ends with 0, unless npm hands the signal on so late that it meets a process without handlers: that is 130. */
async function stopByCtrlC(terminal: Terminal): Promise<void> {
  expect(await terminal.interrupt()).toSatisfy((code) => code === 0 || code === 130);
  expect(terminal.output()).toContain('Stopping on SIGINT');
}

/** Ends the server as a reader does, and starts another one on this run's port. */
async function startServer(command: string): Promise<string> {
  if (server !== undefined) await stopByCtrlC(server);
  // What the proxy does by itself on port 8008, here on the port of this run.
  const demo = `--dtls-bind-addr 127.0.0.1:${port} --advertise http://127.0.0.1:${port}`;
  const flags = command.includes('--local') ? `--dtls-bind-addr :${port}` : demo;
  server = openTerminal(`env ${here(command)}${command.includes(' -- ') ? '' : ' --'} ${flags}`, {
    cwd: folder,
    env: { XDG_STATE_HOME: join(home, '.local/state') },
  });
  await server.waitFor(/-c2j -\r?\n/, 120_000);
  const output = there(server.output());
  // What npm and pnpm print before it depends on what they have in their caches.
  return `...\n${output.slice(output.search(/^INFO\[/m))}`;
}

async function runBlock(block: Block): Promise<Block> {
  if (block.kind === 'server') {
    const { text, output } = block.command;
    return { kind: 'server', command: { text, output: check(await startServer(text), output) } };
  }
  if (block.kind === 'log') {
    const lines = block.output.split('\n').length;
    const last = there(server!.output()).split('\n').slice(-lines).join('\n');
    return { kind: 'log', output: check(last, block.output) };
  }
  const commands = [];
  for (const { text, output } of block.commands) {
    commands.push({ text, output: check(there(await bash.run(here(text))), output) });
  }
  return { kind: 'console', commands };
}

function title(block: Block): string {
  if (block.kind === 'log') return 'the log';
  const [first] = block.kind === 'console' ? block.commands : [block.command];
  return first!.text.split('\n')[0]!;
}

describe('docs/tutorial.md, in a fresh checkout', () => {
  for (const [index, block] of blocks.entries()) {
    it(`block ${index + 1}: ${title(block)}`, async () => {
      shown.push(await runBlock(block));
    });
  }

  it('Ctrl-C ends all of it', async () => {
    await stopByCtrlC(server!);
    expect(await bash.run(here(UNREACHABLE))).toMatch(/\n7$/);
  });

  it('so does a signal to npm, as a supervisor sends it', async () => {
    const npm = startPeer('npm', ['start', '--', '--dtls-bind-addr', `127.0.0.1:${port}`], { cwd: folder });
    await npm.waitFor(/npm run -s coap/, 120_000);
    npm.process.kill('SIGTERM');
    expect(await npm.exited).toBe(0);
    expect(npm.output()).toContain('Stopping on SIGTERM');
    expect(await bash.run(here(UNREACHABLE))).toMatch(/\n7$/);
  });

  it('begins with the two commands of README.md', () => {
    const readme = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8');
    for (const block of blocks.slice(0, 2)) {
      const command =
        block.kind === 'server' ? block.command : block.kind === 'console' ? block.commands[0] : undefined;
      expect(readme).toContain(`\n    ${command!.text}\n`);
    }
  });
});
