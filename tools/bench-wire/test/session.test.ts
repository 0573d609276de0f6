import { expect, test } from 'vitest';
import { figuresOf, measureSession } from '../src/index.ts';

/** Each handshake has two ECDSA signatures in DER: 70 to 72 bytes each, and now and then a byte or two less. */
const SIGNATURES = 2 * 2 * 4;

test.each([
  ['v2-sync-session', 'plain', 619, 294_847],
  ['sliding-sync-session', 'plain', 681, 381_009],
  ['v2-sync-session', 'all', 548, 139_661],
  ['sliding-sync-session', 'all', 590, 167_056],
] as const)('%s with %s forms takes the datagrams and bytes that it takes', async (name, forms, datagrams, bytes) => {
  const [figures] = (await measureSession(name, 1, forms)).map(figuresOf);
  expect(figures).toMatchObject({ up: { min: datagrams, max: datagrams }, down: { min: datagrams, max: datagrams } });
  expect(Math.abs(figures!.payloadBytes.min - bytes)).toBeLessThan(SIGNATURES);
});
