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
const RANDOM = { plain: 0, all: 24 } as const;

const PLAIN = { initial: [20, 21_025], full: [51, 57_999], push: 254 } as const;
const ALL = { initial: [7, 5_717], full: [14, 14_470], push: 172 } as const;

test.each([
  ['plain', PLAIN],
  ['all', ALL],
] as const)('a login, the first /sync, a push and silence cost what they cost with %s forms', async (forms, cost) => {
  const homeserver = await startDemoHomeserver({ clock, log: () => {} });
  // One keep-alive falls into the silence.
  const figures = (await measureSync(homeserver.url, 1, { duration: 1_500, keepAlive: 1_000 }, forms)).map(figuresOf);
  await homeserver.close();
  const [initial, full, push, idle] = figures;

  expect(initial).toMatchObject({
    name: 'login + initial sync',
    up: exactly(cost.initial[0]),
    down: exactly(cost.initial[0] + 1),
  });
  expect(Math.abs(initial!.payloadBytes.min - cost.initial[1])).toBeLessThanOrEqual(RANDOM[forms]);
  expect(full).toMatchObject({ name: 'login + full sync', up: exactly(cost.full[0]), down: exactly(cost.full[0] + 1) });
  expect(Math.abs(full!.payloadBytes.min - cost.full[1])).toBeLessThanOrEqual(RANDOM[forms]);
  // A notification and its acknowledgement; nobody asks for anything.
  expect(push).toMatchObject({ name: 'push', up: exactly(1), down: exactly(1), roundTrips: exactly(0) });
  expect(Math.abs(push!.payloadBytes.min - cost.push)).toBeLessThanOrEqual(RANDOM[forms] / 8);
  // An empty Confirmable message and the Reset to it (RFC 7252 section 4.3), 4 bytes each in records of 27 and 23.
  expect(idle).toMatchObject({ name: 'idle', up: exactly(1), down: exactly(1), payloadBytes: exactly(50) });
});
