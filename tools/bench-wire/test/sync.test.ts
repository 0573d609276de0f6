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

/** A handshake has two ECDSA signatures in DER: 70 to 72 bytes each, and now and then a byte or two less. */
const SIGNATURES = 2 * 4;

test('a login, the first /sync, a push and silence cost what they cost', async () => {
  const homeserver = await startDemoHomeserver({ clock, log: () => {} });
  // One keep-alive falls into the silence.
  const figures = (await measureSync(homeserver.url, 1, { duration: 1_500, keepAlive: 1_000 })).map(figuresOf);
  await homeserver.close();
  const [initial, full, push, idle] = figures;

  expect(initial).toMatchObject({ name: 'login + initial sync', up: exactly(23), down: exactly(24) });
  expect(Math.abs(initial!.payloadBytes.min - 23_302)).toBeLessThan(SIGNATURES);
  expect(full).toMatchObject({ name: 'login + full sync', up: exactly(56), down: exactly(57) });
  expect(Math.abs(full!.payloadBytes.min - 63_225)).toBeLessThan(SIGNATURES);
  // A notification and its acknowledgement; nobody asks for anything.
  expect(push).toMatchObject({ name: 'push', up: exactly(1), down: exactly(1), roundTrips: exactly(0) });
  expect(push!.payloadBytes).toEqual(exactly(457));
  // An empty Confirmable message and the Reset to it (RFC 7252 section 4.3), 4 bytes each in a record of 33.
  expect(idle).toMatchObject({ name: 'idle', up: exactly(1), down: exactly(1), payloadBytes: exactly(66) });
});
