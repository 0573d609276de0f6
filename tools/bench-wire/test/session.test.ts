import { expect, test } from 'vitest';
import { figuresOf, measureSession } from '../src/index.ts';

/** Each handshake has two ECDSA signatures in DER: 70 to 72 bytes each, and now and then a byte or two less. */
const SIGNATURES = 2 * 2 * 4;

test.each([
  ['v2-sync-session', 624, 307_064],
  ['sliding-sync-session', 685, 394_268],
] as const)('%s takes the datagrams and bytes that it takes', async (name, datagrams, bytes) => {
  const [figures] = (await measureSession(name, 1)).map(figuresOf);
  expect(figures).toMatchObject({ up: { min: datagrams, max: datagrams }, down: { min: datagrams, max: datagrams } });
  expect(Math.abs(figures!.payloadBytes.min - bytes)).toBeLessThan(SIGNATURES);
});
