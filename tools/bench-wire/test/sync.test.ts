import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { expect, test } from 'vitest';
import { figuresOf, measureSync } from '../src/index.ts';

const exactly = (count: number) => ({ min: count, max: count });

test('a login, the first /sync, a push and silence cost what they cost', async () => {
  const homeserver = await startDemoHomeserver({ log: () => {} });
  // One keep-alive falls into the silence.
  const figures = (await measureSync(homeserver.url, 2, { duration: 1_500, keepAlive: 1_000 })).map(figuresOf);
  await homeserver.close();
  const [initial, full, push, idle] = figures;

  // The answers tell how old each event is, in up to five bytes.
  expect(initial).toMatchObject({ name: 'login + initial sync' });
  expect(initial!.payloadBytes.min).toBeGreaterThan(23_000);
  expect(initial!.payloadBytes.max).toBeLessThan(24_000);
  expect(initial!.roundTrips.max).toBeLessThanOrEqual(24);
  expect(full).toMatchObject({ name: 'login + full sync' });
  expect(full!.payloadBytes.min).toBeGreaterThan(63_000);
  expect(full!.payloadBytes.max).toBeLessThan(64_500);
  expect(full!.roundTrips.max).toBeLessThanOrEqual(57);

  // A notification and its acknowledgement; nobody asks for anything.
  expect(push).toMatchObject({ name: 'push', up: exactly(1), down: exactly(1), roundTrips: exactly(0) });
  expect(push!.payloadBytes).toEqual(exactly(457));
  // An empty Confirmable message and the Reset to it (RFC 7252 section 4.3), 4 bytes each in a record of 33.
  expect(idle).toMatchObject({ name: 'idle', up: exactly(1), down: exactly(1), payloadBytes: exactly(66) });
});
