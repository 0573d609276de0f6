import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { expect, test } from 'vitest';
import { figuresOf, measureCold } from '../src/index.ts';

const exactly = (count: number) => ({ min: count, max: count });

/** Two ECDSA signatures in DER: 70 to 72 bytes each, and now and then a byte or two less; packing a certificate is as random. */
const SIGNATURES = 10;

test.each([
  ['plain', [874, 1_439, 1_408], 0],
  // Event ids are random, and compress now better, now worse.
  ['all', [862, 1_427, 1_396], 2],
] as const)(
  'from nothing to the answer it takes four datagrams in DTLS 1.3, with %s forms',
  async (forms, bytes, random) => {
    const homeserver = await startDemoHomeserver({ log: () => {} });
    const [byKey, byCertificate, older] = (await measureCold(homeserver.url, 3, forms)).map(figuresOf);
    await homeserver.close();

    // Ed25519 signatures have one length.
    expect(byKey).toMatchObject({
      name: 'cold send, raw key',
      up: exactly(2),
      down: exactly(2),
      roundTrips: exactly(2),
    });
    expect(Math.abs(byKey!.payloadBytes.min - bytes[0])).toBeLessThanOrEqual(random);
    expect(Math.abs(byKey!.payloadBytes.max - bytes[0])).toBeLessThanOrEqual(random);
    expect(byCertificate).toMatchObject({ name: 'cold send, certificate', up: exactly(2), down: exactly(2) });
    expect(older).toMatchObject({
      name: 'cold send, DTLS 1.2',
      up: exactly(4),
      down: exactly(4),
      roundTrips: exactly(4),
    });
    for (const [i, each] of [byCertificate, older].entries()) {
      expect(each!.payloadBytes.min).toBeGreaterThan(bytes[i + 1]! - SIGNATURES - random);
      expect(each!.payloadBytes.max).toBeLessThanOrEqual(bytes[i + 1]! + random);
    }
  },
);
