import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { send, startHttpServer } from '@lb-matrix/scripted-http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { register } from './support/matrix.ts';
import { statusOf } from './support/status.ts';
import { overHttp, rootFile, startHomeserver, startServer } from './support/world.ts';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const FREE = ['-http-bind-addr', '127.0.0.1:0', '--log-format', 'text'];
const WAIT = { timeout: 15_000, interval: 20 };

interface CliProcess {
  readonly child: ChildProcess;
  stderr(): string;
  readonly stdout: Promise<string>;
  /** The exit code, or the signal that ended it. */
  readonly exit: Promise<number | string>;
}

/** `lb-client-proxy` as a process of its own, from source. */
function runCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): CliProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@lb-matrix/source', CLI, ...args], {
    env: { ...process.env, SSLKEYLOGFILE: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  const exit = once(child, 'close').then(([code, signal]) => code ?? signal);
  return { child, stderr: () => stderr, stdout: text(child.stdout), exit };
}

/** The URL of a client proxy, once it listens. */
async function urlOf(cli: CliProcess): Promise<string> {
  const listening = () => /Listening on (http:\/\/127\.0\.0\.1:\d+) /.exec(cli.stderr())?.[1];
  await expect.poll(listening, WAIT).toBeDefined();
  return listening()!;
}

describe('lb-client-proxy', { timeout: 30_000 }, () => {
  it('says where it listens, carries a client, and ends with 0 on SIGTERM', async () => {
    const homeserver = await startHomeserver();
    const server = await startServer(overHttp(homeserver));
    const cli = runCli(['-homeserver', homeserver, '--server', server, '--cacert', rootFile(), ...FREE], {
      LB_OBSERVE_BUFFER_SIZE: '50',
    });
    const url = await urlOf(cli);
    const { request, id } = await register(url, 'alice');
    expect((await request('GET', '/account/whoami')).json.user_id).toBe(id);
    expect(await statusOf(url)).toMatchObject({ state: 'connected', fallbacks: 0 });
    cli.child.kill('SIGTERM');
    expect(await cli.exit).toBe(0);
    expect(await cli.stdout).toBe('');
    const said = cli
      .stderr()
      .replaceAll(/\[\d{4}\]/g, '')
      .split('\n');
    expect(said.slice(0, 3)).toEqual([
      `INFO Listening on ${url} to speak low bandwidth with ${homeserver}, over ${server}/udp`,
      'WARN LB_OBSERVE_BUFFER_SIZE has no effect: one push is held, and acknowledged when the client asks on',
      `INFO How it goes: ${url}/_lb/`,
    ]);
    expect(said).toContain('INFO Connection: connected');
    expect(said).toContain('INFO Stopping on SIGTERM: requests have 5 s to finish');
  });

  it('lets a request finish', async () => {
    let finish: (() => void) | undefined;
    const homeserver = await startHttpServer((_, response) => {
      finish = () => response.end('done');
    });
    const cli = runCli(['-homeserver', homeserver, '--server', '127.0.0.1:9', '-k', ...FREE]);
    const answer = send(await urlOf(cli), 'GET', '/_matrix/media/v3/config');
    await expect.poll(() => finish, WAIT).toBeDefined();
    cli.child.kill('SIGINT');
    await expect.poll(() => cli.stderr(), WAIT).toContain('Stopping on SIGINT');
    finish!();
    expect((await answer).body.toString()).toBe('done');
    expect(await cli.exit).toBe(0);
  });

  it.each([
    [[], 2, /^lb-client-proxy: --homeserver is missing: .*\nTry 'lb-client-proxy --help'\.\n$/],
    [['-homeserver', 'hs', '--cacert', '/nowhere/x.pem'], 1, /^FATAL: --cacert \/nowhere\/x\.pem: no such file\n$/],
    [['-homeserver', 'hs', '--cacert', CLI], 1, /^FATAL: --cacert .*: no certificate/],
  ])('%j ends with %i', async (args, code, message) => {
    const cli = runCli(args);
    expect(await cli.exit).toBe(code);
    expect(cli.stderr()).toMatch(message);
  });

  it('says which port is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    onTestFinished(() => void blocker.close());
    const address = `127.0.0.1:${(blocker.address() as { port: number }).port}`;
    const cli = runCli(['-homeserver', 'hs', '-http-bind-addr', address]);
    expect(await cli.exit).toBe(1);
    expect(cli.stderr()).toBe(
      `FATAL: cannot listen on ${address}/tcp: the port is taken; choose another one with --http-bind-addr (EADDRINUSE)\n`,
    );
  });

  it('prints its help', async () => {
    const cli = runCli(['--help']);
    expect(await cli.exit).toBe(0);
    expect(await cli.stdout).toMatch(/^lb-client-proxy --homeserver ADDRESS/);
  });
});
