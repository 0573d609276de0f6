import { expect, test } from 'vitest';
import { bothWays } from '../src/sdk/both-ways.ts';

test('matrix-js-sdk shows the same over HTTP and over low bandwidth, and can read all of it', async () => {
  const { http, low, fallbacks, bytes } = await bothWays('v2');
  expect(low).toEqual(http);
  const events = Object.values(low).flatMap((rooms) =>
    rooms.flatMap(({ timeline, threads }) => [...timeline, ...Object.values(threads).flat()]),
  );
  // A timeline of each of two rooms in three apps.
  expect(events.length).toBeGreaterThan(3 * 2 * 17);
  expect(events.filter(({ readable }) => !readable)).toEqual([]);
  expect(fallbacks).toEqual([]);
  expect(bytes).toBeGreaterThan(10_000);
});
