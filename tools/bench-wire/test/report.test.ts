import { expect, test } from 'vitest';
import { figuresOf, formatTable } from '../src/index.ts';

const traffic = (up: number, upBytes: number, down: number, downBytes: number, roundTrips: number) => ({
  up: { datagrams: up, bytes: upBytes },
  down: { datagrams: down, bytes: downBytes },
  roundTrips,
});

test('figures are the smallest and the largest over the runs, with 28 bytes of headers a datagram', () => {
  const figures = figuresOf({ name: 'send', runs: [traffic(1, 100, 1, 60, 1), traffic(2, 200, 1, 58, 1)] });
  expect(figures).toEqual({
    name: 'send',
    runs: 2,
    up: { min: 1, max: 2 },
    down: { min: 1, max: 1 },
    payloadBytes: { min: 160, max: 258 },
    ipBytes: { min: 160 + 2 * 28, max: 258 + 3 * 28 },
    roundTrips: { min: 1, max: 1 },
  });
  expect(formatTable([figures])).toBe(
    [
      '| case | datagrams up | down | UDP payload, B | IP bytes | round trips |',
      '| ---- | ------------ | ---- | -------------- | -------- | ----------- |',
      '| send | 1-2          | 1    | 160-258        | 216-342  | 1           |',
    ].join('\n'),
  );
});
