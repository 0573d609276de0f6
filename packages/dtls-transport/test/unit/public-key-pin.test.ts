import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPinned, isPublicKeyPin, publicKeyPin } from '../../src/crypto/public-key-pin.ts';
import { nobleCrypto } from '../../src/noble/crypto-provider.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';

test('a pin is the base64 of the SHA-256 of a SubjectPublicKeyInfo, as curl and browsers have it', () => {
  const pem = readFileSync(new URL('../fixtures/ed25519-certificate.pem', import.meta.url), 'utf8');
  const spki = createPublicKey(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' })).export({
    type: 'spki',
    format: 'der',
  });
  const expected = `sha256/${createHash('sha256').update(spki).digest('base64')}`;
  for (const crypto of [nodeCrypto, nobleCrypto]) expect(publicKeyPin(new Uint8Array(spki), crypto)).toBe(expected);
});

test('every key has a pin that is one, and that no other key has', () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(key, key, (one, other) => {
      const pin = publicKeyPin(one, nodeCrypto);
      expect(isPublicKeyPin(pin)).toBe(true);
      expect(isPinned(one, ['sha256/', pin], nodeCrypto)).toBe(true);
      expect(isPinned(other, [pin], nodeCrypto)).toBe(Buffer.compare(one, other) === 0);
    }),
    { seed: 7469 },
  );
});

test.each([
  '',
  'sha256/',
  'sha1/AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  `sha256/${'A'.repeat(44)}`,
  `sha256/${'A'.repeat(42)}B=`, // bits beyond the 32 bytes
  `sha256/${'A'.repeat(43)}=\n`,
  `sha256/-${'A'.repeat(42)}=`,
  `SHA256/${'A'.repeat(43)}=`,
])('%j is no pin', (text) => {
  expect(isPublicKeyPin(text)).toBe(false);
});
