import { describe, expect, test } from 'vitest';
import { deterministicCrypto } from '../support/deterministic-provider.ts';
import { newPkcs8 } from '../support/private-keys.ts';

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

  test.each(['ecdsa_secp256r1_sha256', 'ed25519'] as const)('a signature by %s repeats', (scheme) => {
    const key = deterministicCrypto(1).importSigningKey(newPkcs8(scheme));
    const data = new TextEncoder().encode('signed');
    expect(key.sign(scheme, data)).toEqual(key.sign(scheme, data));
  });
});
