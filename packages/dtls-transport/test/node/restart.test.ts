import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { connectDtls } from '../../src/node/connect-dtls.ts';
import type { DtlsClientPipe } from '../../src/node/pipe.ts';
import { readPemCertificates } from '../../src/x509/pem.ts';

const PROGRAM = fileURLToPath(new URL('../support/echo-server.ts', import.meta.url));
const roots = readPemCertificates(readFileSync(new URL('../fixtures/server-certificate.pem', import.meta.url), 'utf8'));

/** Starts the echo server; resolves when it listens. */
async function startServer(port: number): Promise<{ process: ChildProcess; port: number }> {
  const server = spawn(process.execPath, ['--import', 'tsx', PROGRAM, `${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void server.kill('SIGKILL'));
  const [line] = await once(server.stdout.setEncoding('utf8'), 'data');
  return { process: server, port: Number(line) };
}

async function connect(port: number): Promise<DtlsClientPipe> {
  const pipe = await connectDtls({ host: '127.0.0.1', port, serverName: 'localhost', roots });
  onTestFinished(() => pipe.close());
  return pipe;
}

function echo(pipe: DtlsClientPipe, text: string): Promise<string> {
  return new Promise((resolve) => {
    pipe.onDatagram = (datagram) => resolve(new TextDecoder().decode(datagram));
    pipe.send(new TextEncoder().encode(text));
  });
}

/** Sends until the pipe hints at something. */
async function hintOf(pipe: DtlsClientPipe): Promise<string> {
  const hint = new Promise<string>((resolve) => {
    pipe.onHint = resolve;
  });
  pipe.send(Uint8Array.of(0));
  return hint;
}

test('a server is killed and started again: its client learns both at the next datagram, and a pipe beside goes on', async () => {
  const first = await startServer(0);
  const old = await connect(first.port);
  expect(await echo(old, 'before')).toBe('before');
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  expect(await hintOf(old)).toBe('unreachable');
  await startServer(first.port);
  expect(await hintOf(old)).toBe('alert');
  const next = await connect(first.port);
  expect(await echo(next, 'after')).toBe('after');
  let reason: Error | undefined | 'none' = 'none';
  old.onClose = (error) => {
    reason = error;
  };
  old.close();
  expect(reason).toBeUndefined();
  expect(await echo(next, 'still there')).toBe('still there');
});
