import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { canMeasureProcesses, type Figure, median, startMeasuredProcess, startMeasuredServer } from '@lb-matrix/bench';
import { writeCertificate } from '../test/support/certificate-files.ts';
import { buildOurs, installOriginal, type ProxyProgram } from './support/proxies.ts';
import { openSession, type Session } from './support/session.ts';

/**
 * What the whole proxy costs, ours and the Go original: the CPU time of its process for small requests and for handshakes, and
 * its memory for idle sessions. The homeserver behind it is a stub in a process of its own; the clients are ours, in this one.
 */

const ROUNDS = 3;
const SESSIONS = 64;
const REQUESTS = 10_000;
const HANDSHAKES = 500;
const IDLE_SESSIONS = 1_000;
/** Milliseconds after the last session's end until its memory counts as kept. */
const SETTLED = 15_000;

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

/** Waits until the proxy answers, for ten seconds at most. */
async function listening(port: number): Promise<void> {
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

/** So many sessions, opened eight at a time. */
async function openSessions(port: number, count: number): Promise<Session[]> {
  const sessions: Session[] = [];
  const open = async () => {
    for (let left = Math.floor(count / 8); left > 0; left--) sessions.push(await openSession(port));
  };
  await Promise.all(Array.from({ length: 8 }, open));
  return sessions;
}

/** So many requests, each session with one at a time. */
async function ask(sessions: readonly Session[], count: number): Promise<void> {
  let left = count;
  await Promise.all(
    sessions.map(async (session) => {
      while (left > 0) await session.send(left--);
    }),
  );
}

async function measure({ peer, command: [program, ...args] }: ProxyProgram, homeserver: number): Promise<Figure[]> {
  const folder = mkdtempSync(`${tmpdir()}/lb-bench-`);
  const { files } = writeCertificate(folder);
  const port = await freePort();
  const proxy = startMeasuredProcess(program, [
    ...args,
    ...['-local', `http://127.0.0.1:${homeserver}`, '-dtls-bind-addr', `127.0.0.1:${port}`],
    ...['-tls-cert', files.certificate, '-tls-key', files.key],
  ]);

  /** Microseconds of the proxy's CPU. */
  async function cpuOf(load: () => Promise<unknown>): Promise<number> {
    const before = proxy.usage().cpu;
    await load();
    return proxy.usage().cpu - before;
  }
  /** Clients come and go, one at a time. */
  async function handshakes(): Promise<void> {
    for (let left = HANDSHAKES; left > 0; left--) (await openSession(port)).close();
  }
  async function requests(): Promise<number> {
    const sessions = await openSessions(port, SESSIONS);
    const cpu = await cpuOf(() => ask(sessions, REQUESTS));
    for (const session of sessions) session.close();
    return cpu;
  }
  const mebibytes = (bytes: number) => bytes / 2 ** 20;

  await listening(port);
  await requests();
  await handshakes();
  const cpu = { requests: [] as number[], handshakes: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    cpu.requests.push(await requests());
    cpu.handshakes.push(await cpuOf(handshakes));
  }
  await sleep(SETTLED);
  const fresh = proxy.usage().rss;
  const idle = await openSessions(port, IDLE_SESSIONS);
  await ask(idle, IDLE_SESSIONS);
  const full = proxy.usage().rss;
  for (const session of idle) session.close();
  await sleep(SETTLED);
  const after = proxy.usage().rss;
  await proxy.stop();
  rmSync(folder, { recursive: true });
  return [
    {
      name: 'proxy: small requests',
      unit: 'per second of its CPU',
      value: REQUESTS / (median(cpu.requests) / 1e6),
      peer,
    },
    { name: 'proxy: full handshake', unit: 'ms of its CPU', value: median(cpu.handshakes) / 1e3 / HANDSHAKES, peer },
    { name: `proxy: ${IDLE_SESSIONS} idle sessions`, unit: 'MiB more RSS', value: mebibytes(full - fresh), peer },
    { name: 'proxy: after they have ended', unit: 'MiB more RSS', value: mebibytes(after - fresh), peer },
  ];
}

if (canMeasureProcesses) {
  const stub = await startMeasuredServer(fileURLToPath(new URL('support/stub-homeserver.ts', import.meta.url)));
  const original = installOriginal();
  for (const proxy of [buildOurs(), ...(original === undefined ? [] : [original])]) {
    for (const figure of await measure(proxy, stub.port)) console.log(JSON.stringify(figure));
  }
  await stub.stop();
} else console.error('The proxies are left out: their CPU time is read from /proc, which only Linux has');
process.exit(0);
