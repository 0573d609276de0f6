import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { expect, test } from 'vitest';
import { figuresOf, measureWire } from '../src/index.ts';

const exactly = (count: number) => ({ min: count, max: count });

test.each([
  ['plain', 1426, [235, 193, 175]],
  // Event ids are random, and compress now better, now worse.
  ['all', 1414, [198, 182, 168]],
] as const)(
  'with %s forms the wire is the same in every run, but for the length of signatures',
  async (forms, freshBytes, bytes) => {
    const homeserver = await startDemoHomeserver({ log: () => {} });
    const figures = (await measureWire(homeserver.url, 2, forms)).map(figuresOf);
    await homeserver.close();
    const [fresh, ...others] = figures;

    expect(fresh).toMatchObject({ name: 'fresh send', up: exactly(4), down: exactly(4), roundTrips: exactly(4) });
    // Two ECDSA signatures in DER: 70 to 72 bytes each, and now and then a byte or two less.
    expect(fresh!.payloadBytes.min).toBeGreaterThan(freshBytes - 8);
    expect(fresh!.payloadBytes.max).toBeLessThanOrEqual(freshBytes);

    const names = ['established send', 'read receipt', 'typing', 'close'];
    expect(others.map(({ name }) => name)).toEqual(names);
    for (const [i, expected] of [...bytes, 62].entries()) {
      const { up, down, payloadBytes } = others[i]!;
      expect({ up, down }).toEqual({ up: exactly(1), down: exactly(1) });
      if (forms === 'plain') expect(payloadBytes).toEqual(exactly(expected));
      expect(Math.abs(payloadBytes.min - expected)).toBeLessThanOrEqual(2);
      expect(Math.abs(payloadBytes.max - expected)).toBeLessThanOrEqual(2);
    }
  },
);
