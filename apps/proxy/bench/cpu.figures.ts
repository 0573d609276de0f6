import { fileURLToPath } from 'node:url';
import { canMeasureProcesses, type Figure, median, startMeasuredServer } from '@lb-matrix/bench';
import { buildOurs, installOriginal, type ProxyProgram } from './support/proxies.ts';
import { runProxy } from './support/running-proxy.ts';
import { openSession, type Session } from './support/session.ts';

/**
 * What the whole proxy costs, ours and the Go original: the CPU time of its process for small requests and for handshakes, and
 * its memory for idle sessions. The homeserver behind it is a stub in a process of its own; the clients are ours, in this one.
 */

const ROUNDS = 3;
const SESSIONS = 64;
const REQUESTS = 10_000;
const HANDSHAKES = 1_000;
const IDLE_SESSIONS = 1_000;

/** So many sessions, opened one after the other, each of which has asked something. */
async function openSessions(port: number, count: number): Promise<Session[]> {
  const sessions: Session[] = [];
  while (sessions.length < count) {
    const session = await openSession(port);
    await session.send(0);
    sessions.push(session);
  }
  return sessions;
}

function closeAll(sessions: readonly Session[]): void {
  for (const session of sessions) session.close();
}

/** So many requests, of each session one at a time. */
async function ask(sessions: readonly Session[], count: number): Promise<void> {
  let left = count;
  await Promise.all(
    sessions.map(async (session) => {
      while (left > 0) await session.send(left--);
    }),
  );
}

/** Clients come and go, one at a time. */
async function shakeHands(port: number): Promise<void> {
  for (let left = HANDSHAKES; left > 0; left--) (await openSession(port)).close();
}

async function measureCpu(program: ProxyProgram, homeserver: number): Promise<Figure[]> {
  const { port, usage, stop } = await runProxy(program, homeserver);
  const requests: number[] = [];
  const handshakes: number[] = [];
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    const sessions = await openSessions(port, SESSIONS);
    const start = usage().cpu;
    await ask(sessions, REQUESTS);
    const between = usage().cpu;
    await shakeHands(port);
    const end = usage().cpu;
    closeAll(sessions);
    if (round === 0) continue;
    requests.push(REQUESTS / ((between - start) / 1e6));
    handshakes.push((end - between) / 1e3 / HANDSHAKES);
  }
  await stop();
  const { peer } = program;
  return [
    { name: 'proxy, small requests', unit: 'per second of its CPU', value: median(requests), peer },
    { name: 'proxy, a full handshake', unit: 'ms of its CPU', value: median(handshakes), peer },
  ];
}

async function measureMemory(program: ProxyProgram, homeserver: number): Promise<Figure[]> {
  const { port, usage, stop } = await runProxy(program, homeserver);
  const mebibytes = () => usage().rss / 2 ** 20;
  closeAll(await openSessions(port, SESSIONS));
  const fresh = mebibytes();
  const sessions = await openSessions(port, IDLE_SESSIONS);
  const first = mebibytes();
  sessions.push(...(await openSessions(port, IDLE_SESSIONS)));
  const second = mebibytes();
  closeAll(sessions);
  const others = await openSessions(port, 2 * IDLE_SESSIONS);
  const again = mebibytes();
  closeAll(others);
  await stop();
  const { peer } = program;
  const unit = 'MiB more RSS';
  return [
    { name: `proxy, the first ${IDLE_SESSIONS} idle sessions`, unit, value: first - fresh, peer },
    { name: `proxy, ${IDLE_SESSIONS} further ones`, unit, value: second - first, peer },
    { name: 'proxy, as many again once those have ended', unit, value: again - second, peer },
  ];
}

if (canMeasureProcesses) {
  const stub = await startMeasuredServer(fileURLToPath(new URL('support/stub-homeserver.ts', import.meta.url)));
  const original = installOriginal();
  for (const program of [buildOurs(), ...(original === undefined ? [] : [original])]) {
    for (const figure of await measureCpu(program, stub.port)) console.log(JSON.stringify(figure));
    for (const figure of await measureMemory(program, stub.port)) console.log(JSON.stringify(figure));
  }
  await stub.stop();
} else console.error('The proxies are left out: their CPU time is read from /proc, which only Linux has');
process.exit(0);
