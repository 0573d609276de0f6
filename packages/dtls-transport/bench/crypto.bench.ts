import { bench, describe } from 'vitest';
import { AEAD_PARAMETERS } from '../src/crypto/aead-parameters.ts';
import type { AeadName, CryptoProvider, SignatureScheme } from '../src/crypto/provider.ts';
import { nobleCrypto } from '../src/noble/crypto-provider.ts';
import { nodeCrypto } from '../src/node/crypto-provider.ts';
import { newPkcs8 } from '../test/support/private-keys.ts';

const PROVIDERS: readonly (readonly [string, CryptoProvider])[] = [
  ['node:crypto', nodeCrypto],
  ['noble', nobleCrypto],
];
const OPTIONS = { time: 150, warmupTime: 50 };

const nonce = new Uint8Array(12).fill(1);
const aad = new Uint8Array(13).fill(2);

/** A record: sealed by one call, opened by another, as two peers do it. */
describe.each([100, 1_200])('a record of %i bytes', (length) => {
  const plaintext = new Uint8Array(length).fill(3);
  describe.each(nodeCrypto.aeads)('%s', (name: AeadName) => {
    const { keyLength, tagLength } = AEAD_PARAMETERS[name];
    const sealed = new Uint8Array(length + tagLength);
    for (const [provider, crypto] of PROVIDERS) {
      const aead = crypto.aead(name, new Uint8Array(keyLength).fill(4));
      aead.seal(nonce, aad, plaintext, sealed, 0);
      const out = new Uint8Array(sealed.length);
      bench(`${provider}: seal`, () => void aead.seal(nonce, aad, plaintext, out, 0), OPTIONS);
      bench(`${provider}: open`, () => void aead.open(nonce, aad, sealed), OPTIONS);
    }
  });
});

describe.each(['x25519', 'secp256r1'] as const)('%s: a fresh key and the agreement', (group) => {
  const peer = nodeCrypto.generateKeyAgreement(group).publicKey;
  for (const [provider, crypto] of PROVIDERS) {
    bench(provider, () => void crypto.generateKeyAgreement(group).agree(peer), OPTIONS);
  }
});

describe.each(nodeCrypto.signatureSchemes)('%s', (scheme: SignatureScheme) => {
  const data = new Uint8Array(133).fill(5); // two randoms and an X25519 or P-256 share
  const pkcs8 = newPkcs8(scheme);
  for (const [provider, crypto] of PROVIDERS) {
    if (!crypto.signatureSchemes.includes(scheme)) continue;
    const key = crypto.importSigningKey(pkcs8);
    const signature = key.sign(scheme, data);
    bench(`${provider}: sign`, () => void key.sign(scheme, data), OPTIONS);
    bench(`${provider}: verify`, () => void crypto.verify(scheme, key.spki, data, signature), OPTIONS);
  }
});

describe.each(['sha256', 'sha384'] as const)('%s of 100 bytes', (hash) => {
  const data = new Uint8Array(100).fill(6);
  const key = new Uint8Array(48).fill(7);
  for (const [provider, crypto] of PROVIDERS) {
    bench(`${provider}: hash`, () => void crypto.hash(hash, data), OPTIONS);
    bench(`${provider}: HMAC`, () => void crypto.hmac(hash, key, data), OPTIONS);
  }
});
