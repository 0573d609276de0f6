import { describe, expect, test } from 'vitest';
import { generateSigningKey, nodeCrypto } from '../../src/node/crypto-provider.ts';
import { deterministicCrypto, nobleKeyAgreement } from '../support/deterministic-provider.ts';
import { testProvider } from './provider-conformance.ts';

testProvider('deterministic', {
  crypto: deterministicCrypto('conformance'),
  newPkcs8: () => generateSigningKey().pkcs8,
  agreementFrom: nobleKeyAgreement,
});

const SCHEME = 'ecdsa_secp256r1_sha256';
const data = new TextEncoder().encode('signed');

describe('deterministicCrypto', () => {
  test('the same seed makes the same keys, another seed others', () => {
    const keys = (seed: number): Uint8Array[] => {
      const crypto = deterministicCrypto(seed);
      return (['x25519', 'secp256r1', 'x25519'] as const).map((group) => crypto.generateKeyAgreement(group).publicKey);
    };
    expect(keys(1)).toEqual(keys(1));
    expect(keys(2)).not.toEqual(keys(1));
    expect(keys(1)[0]).not.toEqual(keys(1)[2]);
  });

  test('a signature repeats (RFC 6979)', () => {
    const key = deterministicCrypto(1).importSigningKey(generateSigningKey().pkcs8);
    expect(key.sign(SCHEME, data)).toEqual(key.sign(SCHEME, data));
  });

  test.each(['x25519', 'secp256r1'] as const)('agrees with node:crypto over %s', (group) => {
    const [ours, theirs] = [deterministicCrypto(1), nodeCrypto].map((crypto) => crypto.generateKeyAgreement(group));
    expect(ours!.agree(theirs!.publicKey)).toEqual(theirs!.agree(ours!.publicKey));
  });

  test('signs what node:crypto verifies, and the other way round', () => {
    const { pkcs8 } = generateSigningKey();
    const [ours, theirs] = [deterministicCrypto(1), nodeCrypto];
    const [ourKey, theirKey] = [ours.importSigningKey(pkcs8), theirs.importSigningKey(pkcs8)];
    expect(ourKey.spki).toEqual(theirKey.spki);
    expect(theirs.verify(SCHEME, ourKey.spki, data, ourKey.sign(SCHEME, data))).toBe(true);
    expect(ours.verify(SCHEME, theirKey.spki, data, theirKey.sign(SCHEME, data))).toBe(true);
  });
});
