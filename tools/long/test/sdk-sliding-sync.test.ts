import { bothWays, eventsOf } from '@lb-matrix/e2e/sdk';
import { expect, test } from 'vitest';

test('matrix-js-sdk with sliding sync shows the same over HTTP and over low bandwidth, and can read all of it', async () => {
  const { http, low, fallbacks, bytes, pushes } = await bothWays('sliding');
  expect(low).toEqual(http);
  // A timeline of each of two rooms in three apps.
  expect(eventsOf(low).length).toBeGreaterThan(3 * 2 * 17);
  expect(eventsOf(low).filter(({ readable }) => !readable)).toEqual([]);
  expect(fallbacks).toEqual([]);
  expect(bytes).toBeGreaterThan(10_000);
  // Both apps were told of each event, and polled for none.
  expect(pushes).toBeGreaterThan(2 * 2 * 17);
});
