import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

interface Run {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

// Each case starts a process or more, on machines that have other things to do.
vi.setConfig({ testTimeout: 60_000 });

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-args-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the fixture tool; `closeAfter` closes its stdout once that many bytes have come. */
function tool(args: readonly string[], { stdin = '', closeAfter = Number.POSITIVE_INFINITY } = {}): Promise<Run> {
  const path = fileURLToPath(new URL('fixtures/tool.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args]);
  const stdout: Buffer[] = [];
  let length = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout.push(chunk);
    length += chunk.length;
    if (length >= closeAfter) child.stdout.destroy();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(stdout), stderr }));
  });
}

test('the exit code is what main returns', async () => {
  expect(await tool(['three'])).toMatchObject({ code: 3, stderr: '' });
});

test('a usage error is 2 and points to --help', async () => {
  expect(await tool(['usage'])).toMatchObject({
    code: 2,
    stderr: "tool: unknown option --x\nTry 'tool --help'.\n",
  });
});

test('a CliError is one FATAL line and its own exit code', async () => {
  expect(await tool(['fatal'])).toMatchObject({ code: 6, stderr: 'FATAL: no such host\n' });
});

test('a fault of the tool is 1 and shows its stack', async () => {
  const { code, stderr } = await tool(['bug']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^FATAL: unexpected: TypeError: a fault of ours\n\s+at /);
});

test('a reader that closes early is no error', async () => {
  expect(await tool(['flood'], { closeAfter: 1 })).toMatchObject({ code: 0, stderr: '' });
});

test('a large output is flushed before the process ends', async () => {
  const { code, stdout } = await tool(['flood']);
  expect(code).toBe(0);
  expect(stdout.length).toBe(4 << 20);
});

test('a literal, stdin and a file reach the output byte for byte', async () => {
  const file = join(folder, 'bytes');
  await writeFile(file, new Uint8Array([0, 0xff, 0x25, 0x64]));
  expect((await tool(['copy', 'é%d'])).stdout.toString()).toBe('é%d');
  expect((await tool(['copy', '-'], { stdin: 'in' })).stdout.toString()).toBe('in');
  expect((await tool(['copy', '@-'], { stdin: 'in' })).stdout.toString()).toBe('in');
  expect([...(await tool(['copy', `@${file}`])).stdout]).toEqual([0, 0xff, 0x25, 0x64]);
});

test('a literal, stdin and a file can be had in pieces', async () => {
  const file = join(folder, 'pieces');
  const bytes = new Uint8Array(200_000).map((_, i) => i);
  await writeFile(file, bytes);
  expect((await tool(['stream', 'é%d'])).stdout.toString()).toBe('é%d');
  expect((await tool(['stream', '-'], { stdin: 'in' })).stdout.toString()).toBe('in');
  expect((await tool(['stream', `@${file}`])).stdout.equals(bytes)).toBe(true);
  const missing = join(folder, 'missing');
  expect(await tool(['stream', `@${missing}`])).toMatchObject({
    code: 1,
    stderr: `FATAL: cannot read ${missing}: no such file or directory\n`,
  });
});

test('a stream ends when nobody reads it any more', async () => {
  expect(await tool(['stream', '@/dev/zero'], { closeAfter: 1 })).toMatchObject({ code: 4, stderr: '' });
});

test('output goes to a file', async () => {
  const file = join(folder, 'out');
  expect((await tool(['copy', 'text', file])).stdout.length).toBe(0);
  expect(await readFile(file, 'utf8')).toBe('text');
});

test('files that cannot be read or written are named with the reason', async () => {
  const missing = join(folder, 'missing', 'file');
  expect((await tool(['copy', `@${missing}`])).stderr).toBe(
    `FATAL: cannot read ${missing}: no such file or directory\n`,
  );
  expect((await tool(['copy', `@${folder}`])).stderr).toBe(`FATAL: cannot read ${folder}: it is a directory\n`);
  const { code, stderr } = await tool(['copy', 'x', missing]);
  expect(stderr).toBe(`FATAL: cannot write ${missing}: no such file or directory\n`);
  expect(code).toBe(1);
});

test('the version is that of the package above the module', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  expect((await tool(['version'])).stdout.toString()).toBe(version);
});
