import { type Clock, startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { expect, test } from 'vitest';
import { figuresOf, measureSync } from '../src/index.ts';

const exactly = (count: number) => ({ min: count, max: count });

/** Time stands still: answers tell how old each event is, in up to 5 bytes. */
const clock: Clock = {
  now: () => Date.UTC(2026, 10, 24),
  setTimer(ms, fire) {
    const timer = setTimeout(fire, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** Ids and tokens are random, and compress now better, now worse. */
const RANDOM = { plain: 0, all: 64 } as const;

/** Datagrams up and down, and bytes of payload. */
const PLAIN = { initial: [5, 21, 19_855], full: [7, 52, 52_546], push: 431 } as const;
const ALL = { initial: [4, 8, 5_460], full: [5, 15, 13_318], push: 172 } as const;
/** Whoever receives a large body says what is there every 25 ms, which a busy machine needs for more of it; in so many bytes. */
const REPORTS = 12;
const REPORT = 40;

test.each([
  ['plain', PLAIN],
  ['all', ALL],
] as const)('a login, the first /sync, a push and silence cost what they cost with %s forms', async (forms, cost) => {
  const homeserver = await startDemoHomeserver({ clock, log: () => {} });
  // One keep-alive falls into the silence.
  const figures = (await measureSync(homeserver.url, 1, { duration: 1_500, keepAlive: 1_000 }, forms)).map(figuresOf);
  await homeserver.close();
  const [initial, full, push, idle] = figures;

  for (const [name, each, [up, down, bytes]] of [
    ['login + initial sync', initial!, cost.initial],
    ['login + full sync', full!, cost.full],
  ] as const) {
    expect(each.name).toBe(name);
    expect(each.up.min).toBeGreaterThanOrEqual(up);
    expect(each.up.max).toBeLessThanOrEqual(up + REPORTS);
    expect(each.down.min).toBeGreaterThanOrEqual(down);
    // A late answer is a message of its own.
    expect(each.down.max).toBeLessThanOrEqual(down + 3);
    expect(each.payloadBytes.min).toBeGreaterThanOrEqual(bytes - RANDOM[forms]);
    expect(each.payloadBytes.max).toBeLessThanOrEqual(bytes + RANDOM[forms] + (REPORTS + 1) * REPORT);
  }
  // A notification and its acknowledgement; nobody asks for anything.
  expect(push).toMatchObject({ name: 'push', up: exactly(1), down: exactly(1), roundTrips: exactly(0) });
  expect(Math.abs(push!.payloadBytes.min - cost.push)).toBeLessThanOrEqual(RANDOM[forms] / 8);
  // An empty Confirmable message and the Reset to it (RFC 7252 section 4.3), 4 bytes each in records of 27 and 23.
  expect(idle).toMatchObject({ name: 'idle', up: exactly(1), down: exactly(1), payloadBytes: exactly(50) });
});
