import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { expect, test } from 'vitest';
import { figuresOf, measureWire } from '../src/index.ts';

const exactly = (count: number) => ({ min: count, max: count });

test('what crosses the wire is the same in every run, but for the length of signatures', async () => {
  const homeserver = await startDemoHomeserver({ log: () => {} });
  const figures = (await measureWire(homeserver.url, 2)).map(figuresOf);
  await homeserver.close();
  const [fresh, ...others] = figures;

  expect(fresh).toMatchObject({ name: 'fresh send', up: exactly(4), down: exactly(4), roundTrips: exactly(4) });
  // Two ECDSA signatures in DER: 70 to 72 bytes each, and now and then a byte or two less.
  expect(fresh!.payloadBytes.min).toBeGreaterThan(1426 - 8);
  expect(fresh!.payloadBytes.max).toBeLessThanOrEqual(1426);

  expect(others.map(({ name, up, down, payloadBytes }) => [name, up.max, down.max, payloadBytes])).toEqual([
    ['established send', 1, 1, exactly(235)],
    ['read receipt', 1, 1, exactly(193)],
    ['typing', 1, 1, exactly(175)],
    ['close', 1, 1, exactly(62)],
  ]);
});
