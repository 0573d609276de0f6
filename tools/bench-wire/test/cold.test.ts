import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { expect, test } from 'vitest';
import { figuresOf, measureCold } from '../src/index.ts';

const exactly = (count: number) => ({ min: count, max: count });

test('from nothing to the answer it takes four datagrams, by a raw key as by a certificate', async () => {
  const homeserver = await startDemoHomeserver({ log: () => {} });
  const [byKey, byCertificate] = (await measureCold(homeserver.url, 3, 'plain')).map(figuresOf);
  await homeserver.close();

  // Ed25519 signatures have one length.
  expect(byKey).toMatchObject({ name: 'cold send, raw key', up: exactly(2), down: exactly(2) });
  expect(byKey!.payloadBytes).toEqual(exactly(864));
  expect(byCertificate).toMatchObject({ name: 'cold send, certificate', up: exactly(2), down: exactly(2) });
  // Two ECDSA signatures in DER: 70 to 72 bytes each, and now and then a byte or two less.
  expect(byCertificate!.payloadBytes.min).toBeGreaterThan(1_502 - 10);
  expect(byCertificate!.payloadBytes.max).toBeLessThanOrEqual(1_502);
});
