import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MeasuredProcess, startMeasuredProcess } from '@lb-matrix/bench';
import { writeCertificate } from '../../test/support/certificate-files.ts';
import type { ProxyProgram } from './proxies.ts';
import { openSession } from './session.ts';

/** A proxy that listens on loopback. */
export interface RunningProxy extends MeasuredProcess {
  readonly port: number;
}

/** Starts a proxy in front of the homeserver on that port, and waits until it answers, for ten seconds at most. */
export async function runProxy(
  { command: [program, ...args] }: ProxyProgram,
  homeserver: number,
): Promise<RunningProxy> {
  const folder = mkdtempSync(`${tmpdir()}/lb-bench-`);
  const { files } = writeCertificate(folder);
  const port = await freePort();
  const { usage, stop } = startMeasuredProcess(program, [
    ...args,
    ...['-local', `http://127.0.0.1:${homeserver}`, '-dtls-bind-addr', `127.0.0.1:${port}`],
    ...['-tls-cert', files.certificate, '-tls-key', files.key],
  ]);
  await answers(port);
  rmSync(folder, { recursive: true });
  return { port, usage, stop };
}

/** A UDP port that is free. */
function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  return new Promise((resolve) =>
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    }),
  );
}

async function answers(port: number): Promise<void> {
  for (let tries = 100; ; tries--) {
    try {
      (await openSession(port)).close();
      return;
    } catch (error) {
      if (tries === 0) throw error;
      await sleep(100);
    }
  }
}
