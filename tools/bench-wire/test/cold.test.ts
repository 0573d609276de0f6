import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { expect, test } from 'vitest';
import { figuresOf, measureCold } from '../src/index.ts';

/** Two ECDSA signatures in DER: 70 to 72 bytes each, and now and then a byte or two less. */
const SIGNATURES = 10;

test.each([
  ['plain', [874, 1_439, 1_408], 0],
  // Event ids are random, and compress now better, now worse.
  ['all', [834, 1_399, 1_368], 2],
] as const)(
  'from nothing to the answer it takes four datagrams in DTLS 1.3, with %s forms',
  async (forms, bytes, random) => {
    const homeserver = await startDemoHomeserver({ log: () => {} });
    const figures = (await measureCold(homeserver.url, 3, forms)).map(figuresOf);
    await homeserver.close();

    // A busy machine may repeat a flight: the best of the runs has none.
    for (const [i, name, datagrams] of [
      [0, 'cold send, raw key', 2],
      [1, 'cold send, certificate', 2],
      [2, 'cold send, DTLS 1.2', 4],
    ] as const) {
      const { up, down, roundTrips, payloadBytes, ...rest } = figures[i]!;
      expect(rest.name).toBe(name);
      expect([up.min, down.min, roundTrips.min]).toEqual([datagrams, datagrams, datagrams]);
      // Ed25519 signatures have one length.
      expect(payloadBytes.min).toBeGreaterThanOrEqual(bytes[i] - random - (i === 0 ? 0 : SIGNATURES));
      expect(payloadBytes.min).toBeLessThanOrEqual(bytes[i] + random);
    }
  },
);
