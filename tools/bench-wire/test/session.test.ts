import { expect, test } from 'vitest';
import { figuresOf, measureSession } from '../src/index.ts';

/** What happens at about the same time comes in one push or in two, as busy as the machine is. */
const VARIATION = 0.04;

test.each([
  ['v2-sync-session', 'plain', 598, 279_000],
  ['sliding-sync-session', 'plain', 655, 370_000],
  ['v2-sync-session', 'all', 546, 123_500],
  ['sliding-sync-session', 'all', 593, 140_500],
] as const)('%s with %s forms takes the datagrams and bytes that it takes', async (name, forms, datagrams, bytes) => {
  const [figures] = (await measureSession(name, 1, forms)).map(figuresOf);
  for (const { min } of [figures!.up, figures!.down]) {
    expect(Math.abs(min - datagrams)).toBeLessThanOrEqual(VARIATION * datagrams);
  }
  expect(Math.abs(figures!.payloadBytes.min - bytes)).toBeLessThanOrEqual(VARIATION * bytes);
});
