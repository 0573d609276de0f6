import { expect, test } from 'vitest';
import { figuresOf, measureSession } from '../src/index.ts';

test.each([
  ['v2-sync-session', 'plain', 619, 294_956],
  ['sliding-sync-session', 'plain', 681, 381_301],
  ['v2-sync-session', 'all', 548, 131_365],
  ['sliding-sync-session', 'all', 590, 144_172],
] as const)('%s with %s forms takes the datagrams and bytes that it takes', async (name, forms, datagrams, bytes) => {
  const [figures] = (await measureSession(name, 1, forms)).map(figuresOf);
  expect(figures).toMatchObject({ up: { min: datagrams, max: datagrams }, down: { min: datagrams, max: datagrams } });
  // Of two runs up to two bytes differ.
  expect(Math.abs(figures!.payloadBytes.min - bytes)).toBeLessThanOrEqual(2);
});
