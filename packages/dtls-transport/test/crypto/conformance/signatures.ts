import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CertificateSignatureScheme, SignatureScheme } from '../../../src/crypto/provider.ts';
import { certificateSchemeFor } from '../../../src/crypto/signature-scheme.ts';
import { CertificateError } from '../../../src/x509/errors.ts';
import { newPkcs8, PRIVATE_KEYS } from '../../support/private-keys.ts';
import { field, fromHex, readWycheproof } from '../../support/wycheproof.ts';
import { type ConformanceSubject, label, text } from './subject.ts';

const CERTIFICATE_SCHEMES: readonly CertificateSignatureScheme[] = [
  'ecdsa_sha256',
  'ecdsa_sha384',
  'ecdsa_sha512',
  'rsa_pkcs1_sha256',
  'rsa_pkcs1_sha384',
  'rsa_pss_sha256',
  'rsa_pss_sha384',
  'ed25519',
];
const data = text('signed');

export function testSignatures({ name, crypto }: ConformanceSubject): void {
  describe.each(crypto.signatureSchemes)(`${name}: %s`, (scheme) => {
    const key = crypto.importSigningKey(newPkcs8(scheme));
    const signature = key.sign(scheme, data);
    const algorithm = certificateSchemeFor(scheme, key.spki)!;

    test('what a key signs verifies with its SPKI, and only that', () => {
      expect(key.schemes).toContain(scheme);
      expect(crypto.verify(scheme, key.spki, data, signature)).toBe(true);
      expect(crypto.verify(scheme, key.spki, text('Signed'), signature)).toBe(false);
      expect(crypto.verify(scheme, key.spki, data, signature.subarray(1))).toBe(false);
      expect(crypto.verify(scheme, crypto.importSigningKey(newPkcs8(scheme)).spki, data, signature)).toBe(false);
      expect(signature.constructor).toBe(Uint8Array);
    });

    test('no other scheme takes the signature, though the data and the key are right', () => {
      const taking = crypto.signatureSchemes.filter((other) => crypto.verify(other, key.spki, data, signature));
      expect(taking).toEqual([scheme]);
      const certifying = CERTIFICATE_SCHEMES.filter((other) =>
        crypto.verifyCertificateSignature(other, key.spki, data, signature),
      );
      expect(certifying).toEqual([algorithm]);
    });

    test('the scheme is bound to its kind of key: keys of other kinds neither sign nor verify', () => {
      for (const other of crypto.signatureSchemes) {
        const otherKey = crypto.importSigningKey(newPkcs8(other));
        if (otherKey.schemes.includes(scheme)) continue;
        expect(() => otherKey.sign(scheme, data)).toThrow(RangeError);
        expect(crypto.verify(scheme, otherKey.spki, data, signature)).toBe(false);
        expect(crypto.verify(scheme, otherKey.spki, data, otherKey.sign(other, data))).toBe(false);
      }
    });

    test('garbage for a key or a signature never throws and never verifies', () => {
      const garbled = fc.tuple(fc.uint8Array({ maxLength: 400 }), fc.nat(), fc.integer({ min: 1, max: 255 }));
      const property = fc.property(garbled, ([garbage, at, mask]) => {
        const changedKey = key.spki.slice();
        changedKey[at % changedKey.length]! ^= mask;
        const changedSignature = signature.slice();
        changedSignature[at % signature.length]! ^= mask;
        for (const spki of [garbage, changedKey]) {
          expect(crypto.verify(scheme, spki, data, signature)).toBe(false);
          for (const other of CERTIFICATE_SCHEMES) {
            expect(crypto.verifyCertificateSignature(other, spki, data, signature)).toBe(false);
          }
        }
        for (const wrong of [garbage, changedSignature])
          expect(crypto.verify(scheme, key.spki, data, wrong)).toBe(false);
      });
      fc.assert(property, { seed: 3079, numRuns: 60 });
    });

    test('the key is read from every form of PKCS#8 that tools write', () => {
      for (const { form, pkcs8, spki } of PRIVATE_KEYS.filter((known) => known.schemes.includes(scheme))) {
        const imported = crypto.importSigningKey(pkcs8);
        expect(imported.spki, form).toEqual(spki);
        expect(crypto.verify(scheme, spki, data, imported.sign(scheme, data)), form).toBe(true);
      }
    });
  });

  describe(`${name}: private keys`, () => {
    const pkcs8 = newPkcs8('ecdsa_secp256r1_sha256');

    test.each(
      PRIVATE_KEYS.filter(({ schemes }) => !schemes.some((scheme) => crypto.signatureSchemes.includes(scheme))),
    )('$form: refused as of a kind that is not supported, with what is', ({ pkcs8: other }) => {
      const importing = (): unknown => crypto.importSigningKey(other);
      expect(importing).toThrow(CertificateError);
      expect(importing).toThrow(
        expect.objectContaining({ reason: 'unsupported-key', message: expect.stringContaining('P-256') }),
      );
    });

    test('what is not PKCS#8 is refused as malformed', () => {
      for (const garbage of [new Uint8Array(0), new Uint8Array(40), pkcs8.subarray(1), pkcs8.subarray(0, 60)]) {
        const importing = (): unknown => crypto.importSigningKey(garbage);
        expect(importing).toThrow(expect.objectContaining({ reason: 'malformed', code: 'ERR_DTLS_CERTIFICATE' }));
      }
    });

    test('a changed byte makes another key, or none and a CertificateError', () => {
      const property = fc.property(fc.nat(pkcs8.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = pkcs8.slice();
        changed[at]! ^= mask;
        try {
          const { spki, schemes } = crypto.importSigningKey(changed);
          expect(spki.length).toBe(91);
          expect(schemes).toEqual(['ecdsa_secp256r1_sha256'] satisfies SignatureScheme[]);
        } catch (error) {
          expect(error).toBeInstanceOf(CertificateError);
        }
      });
      fc.assert(property, { seed: 5208, numRuns: 300 });
    });
  });

  describe(`${name}: known signatures`, () => {
    test('the scheme is bound to P-256: a good signature of a P-384 key is refused', () => {
      expect(crypto.verifyCertificateSignature('ecdsa_sha256', P384.spki, data, P384.signature)).toBe(true);
      expect(crypto.verify('ecdsa_secp256r1_sha256', P384.spki, data, P384.signature)).toBe(false);
    });

    test.each([
      { scheme: 'ecdsa_secp256r1_sha256', file: 'ecdsa_secp256r1_sha256_test.json', count: 484 },
      { scheme: 'ed25519', file: 'ed25519_test.json', count: 151 },
    ] as const)('the $count Wycheproof vectors of $scheme', ({ scheme, file, count }) => {
      const groups = readWycheproof(file);
      expect(groups.flatMap((group) => group.tests)).toHaveLength(count);
      for (const group of groups) {
        const spki = field(group, 'publicKeyDer');
        for (const vector of group.tests) {
          const verified = crypto.verify(scheme, spki, field(vector, 'msg'), field(vector, 'sig'));
          expect(verified, label(vector)).toBe(vector.result === 'valid');
        }
      }
    });
  });
}

/** `openssl ecparam -name secp384r1 -genkey`; `printf signed | openssl dgst -sha256 -sign`. */
const P384 = {
  spki: fromHex(
    '3076301006072a8648ce3d020106052b81040022036200041366fd41091a648ff40e39a6ca3a38d783c8db336d86978c173b2e1c5b28a4c3be998f0acc13bf1142c73d901cca64aca9192f69d1cc4c836af2faa0624e21d4bea5b4d3d1be87c08f96a3fdbe60eaad920af83708f3d101e7b825ed81468f6e',
  ),
  signature: fromHex(
    '30650231009c301e392242dcbda4a58dc47c1c06fc50db9e7a2843d8449d207f5b5ccacf6866417ca7d8fb8b3fdb68c3e0c945f04402304db33d40896b8c5f8d32f4e2b6dcd2da56b75d3df2815c2fa4f9ff835705b4482e776e3b664de9108adf9828f6e650ca',
  ),
};
