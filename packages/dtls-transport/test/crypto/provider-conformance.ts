import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CryptoProvider, GroupName, KeyAgreement } from '../../src/crypto/provider.ts';
import { field, fromHex, readWycheproof, type WycheproofTest } from '../support/wycheproof.ts';

/** What a provider's test file hands in. */
export interface ConformanceSubject {
  readonly crypto: CryptoProvider;
  /** Key agreement with a fixed private key of 32 bytes, which the public interface has no use for. */
  agreementFrom(group: GroupName, privateKey: Uint8Array): KeyAgreement;
  /** A new P-256 key in PKCS#8. */
  newPkcs8(): Uint8Array;
}

const SCHEME = 'ecdsa_secp256r1_sha256';
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex');
const label = ({ tcId, comment, flags }: WycheproofTest): string => `tcId ${tcId} ${comment} [${flags}]`;

/** The behaviour that the engines rely on, and the Wycheproof vectors of what DTLS 1.2 uses here. */
export function testProvider(name: string, { crypto, agreementFrom, newPkcs8 }: ConformanceSubject): void {
  describe(`${name}: hashes`, () => {
    test('SHA-256 and SHA-384 of "abc" are those of FIPS 180', () => {
      expect(hex(crypto.hash('sha256', text('abc')))).toBe(
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      );
      expect(hex(crypto.hash('sha384', text('abc')))).toBe(
        'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
      );
    });

    test('a running hash can be read at any point and goes on', () => {
      const running = crypto.runningHash('sha256');
      expect(running.digest()).toEqual(crypto.hash('sha256', text('')));
      running.update(text('a'));
      expect(running.digest()).toEqual(crypto.hash('sha256', text('a')));
      expect(running.digest()).toEqual(crypto.hash('sha256', text('a')));
      running.update(text('bc'));
      expect(running.digest()).toEqual(crypto.hash('sha256', text('abc')));
    });

    test('HMAC is that of RFC 4231 test case 2, for both hashes', () => {
      const data = text('what do ya want for nothing?');
      expect(hex(crypto.hmac('sha256', text('Jefe'), data))).toBe(
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      );
      expect(hex(crypto.hmac('sha384', text('Jefe'), data))).toBe(
        'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
      );
    });

    test('results are plain Uint8Array', () => {
      const { publicKey } = crypto.generateKeyAgreement('x25519');
      for (const bytes of [crypto.hash('sha256', text('')), crypto.hmac('sha256', text(''), text('')), publicKey]) {
        expect(bytes.constructor).toBe(Uint8Array);
      }
    });
  });

  describe(`${name}: AES-128-GCM`, () => {
    const vectors = readWycheproof('aes_gcm_test.json')
      .filter((group) => group.keySize === 128 && group.ivSize === 96 && group.tagSize === 128)
      .flatMap((group) => group.tests);

    test('every applicable Wycheproof vector seals and opens, or is refused', () => {
      expect(vectors).toHaveLength(VECTORS.aesGcm);
      for (const vector of vectors) {
        const aead = crypto.aead('aes-128-gcm', field(vector, 'key'));
        const [iv, aad, msg, ct, tag] = ['iv', 'aad', 'msg', 'ct', 'tag'].map((key) => field(vector, key));
        const sealed = new Uint8Array([...ct!, ...tag!]);
        const opened = aead.open(iv!, aad!, sealed);
        if (vector.result === 'invalid') {
          expect(opened, label(vector)).toBeUndefined();
          continue;
        }
        expect(hex(opened), label(vector)).toBe(hex(msg));
        const out = new Uint8Array(sealed.length + 2);
        expect(aead.seal(iv!, aad!, msg!, out, 1), label(vector)).toBe(sealed.length);
        expect(hex(out), label(vector)).toBe(`00${hex(sealed)}00`);
      }
    });

    test('any changed bit, and anything shorter than a tag, does not open', () => {
      const aead = crypto.aead('aes-128-gcm', new Uint8Array(16).fill(7));
      const nonce = new Uint8Array(12).fill(1);
      const sealed = new Uint8Array(20 + aead.tagLength);
      aead.seal(nonce, text('aad'), new Uint8Array(20), sealed, 0);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const changed = sealed.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(aead.open(nonce, text('aad'), changed)).toBeUndefined();
      }
      for (let length = 0; length < sealed.length; length++) {
        expect(aead.open(nonce, text('aad'), sealed.subarray(0, length))).toBeUndefined();
      }
      expect(aead.open(nonce, text('aae'), sealed)).toBeUndefined();
      expect(aead.open(new Uint8Array(12), text('aad'), sealed)).toBeUndefined();
      expect(aead.open(nonce, text('aad'), sealed)).toEqual(new Uint8Array(20));
    });
  });

  describe(`${name}: key agreement`, () => {
    test.each(['x25519', 'secp256r1'] as const)('two fresh %s keys agree', (group) => {
      const [ours, theirs] = [crypto.generateKeyAgreement(group), crypto.generateKeyAgreement(group)];
      expect(ours.group).toBe(group);
      expect(ours.publicKey).toHaveLength(group === 'x25519' ? 32 : 65);
      expect(ours.publicKey).not.toEqual(theirs.publicKey);
      expect(ours.agree(theirs.publicKey)).toHaveLength(32);
      expect(ours.agree(theirs.publicKey)).toEqual(theirs.agree(ours.publicKey));
    });

    test.each(['x25519', 'secp256r1'] as const)('%s: a public key of another length is refused', (group) => {
      const ours = crypto.generateKeyAgreement(group);
      const peer = crypto.generateKeyAgreement(group).publicKey;
      for (let length = 0; length < peer.length; length++) expect(ours.agree(peer.subarray(0, length))).toBeUndefined();
      expect(ours.agree(new Uint8Array([...peer, 0]))).toBeUndefined();
    });

    test('secp256r1: a hybrid point is refused though its point is good (RFC 8422 5.1.2)', () => {
      const peer = crypto.generateKeyAgreement('secp256r1').publicKey.slice();
      peer[0] = 0x06 | (peer[64]! & 1);
      expect(crypto.generateKeyAgreement('secp256r1').agree(peer)).toBeUndefined();
    });

    test('every Wycheproof vector of X25519; an all-zero result is refused (RFC 8422 5.11)', () => {
      const vectors = readWycheproof('x25519_test.json').flatMap((group) => group.tests);
      expect(vectors).toHaveLength(VECTORS.x25519);
      for (const vector of vectors) {
        const shared = agreementFrom('x25519', field(vector, 'private')).agree(field(vector, 'public'));
        const refused = vector.flags.includes('ZeroSharedSecret');
        expect(refused && vector.result === 'valid', label(vector)).toBe(false);
        expect(hex(shared), label(vector)).toBe(refused ? undefined : vector.shared);
      }
    });

    test('every Wycheproof vector of ECDH on P-256; a compressed point is refused (RFC 8422 5.1.2)', () => {
      const vectors = readWycheproof('ecdh_secp256r1_ecpoint_test.json').flatMap((group) => group.tests);
      expect(vectors).toHaveLength(VECTORS.ecdh);
      for (const vector of vectors) {
        const privateKey = fromHex(`${vector.private}`.padStart(64, '0').slice(-64));
        const shared = agreementFrom('secp256r1', privateKey).agree(field(vector, 'public'));
        expect(hex(shared), label(vector)).toBe(vector.result === 'valid' ? vector.shared : undefined);
      }
    });
  });

  describe(`${name}: signatures`, () => {
    const key = crypto.importSigningKey(newPkcs8());
    const data = text('signed');

    test('what a key signs verifies with its SPKI, and only that', () => {
      const signature = key.sign(SCHEME, data);
      expect(key.schemes).toEqual([SCHEME]);
      expect(crypto.verify(SCHEME, key.spki, data, signature)).toBe(true);
      expect(crypto.verifyCertificateSignature('ecdsa_sha256', key.spki, data, signature)).toBe(true);
      expect(crypto.verify(SCHEME, key.spki, text('Signed'), signature)).toBe(false);
      expect(crypto.verify(SCHEME, crypto.importSigningKey(newPkcs8()).spki, data, signature)).toBe(false);
      expect(crypto.verifyCertificateSignature('ecdsa_sha384', key.spki, data, signature)).toBe(false);
      expect(crypto.verifyCertificateSignature('ed25519', key.spki, data, signature)).toBe(false);
      expect(crypto.verifyCertificateSignature('rsa_pkcs1_sha256', key.spki, data, signature)).toBe(false);
    });

    test('the scheme is bound to P-256: a good signature of a P-384 key is refused', () => {
      expect(crypto.verifyCertificateSignature('ecdsa_sha256', P384.spki, data, P384.signature)).toBe(true);
      expect(crypto.verify(SCHEME, P384.spki, data, P384.signature)).toBe(false);
    });

    test('every Wycheproof vector of ECDSA on P-256 with SHA-256', () => {
      const groups = readWycheproof('ecdsa_secp256r1_sha256_test.json');
      expect(groups.flatMap((group) => group.tests)).toHaveLength(VECTORS.ecdsa);
      for (const group of groups) {
        const spki = field(group, 'publicKeyDer');
        for (const vector of group.tests) {
          const verified = crypto.verify(SCHEME, spki, field(vector, 'msg'), field(vector, 'sig'));
          expect(verified, label(vector)).toBe(vector.result === 'valid');
        }
      }
    });

    test('garbage for a key or a signature never throws and never verifies', () => {
      const signature = key.sign(SCHEME, data);
      const schemes = ['ecdsa_sha256', 'ecdsa_sha512', 'rsa_pkcs1_sha256', 'rsa_pss_sha384', 'ed25519'] as const;
      const property = fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        check,
      );
      function check(garbage: Uint8Array, at: number, mask: number): void {
        const changedKey = key.spki.slice();
        changedKey[at % changedKey.length]! ^= mask;
        for (const spki of [garbage, changedKey]) {
          expect(crypto.verify(SCHEME, spki, data, signature)).toBe(false);
          for (const scheme of schemes) {
            expect(crypto.verifyCertificateSignature(scheme, spki, data, signature)).toBe(false);
          }
        }
        expect(crypto.verify(SCHEME, key.spki, data, garbage)).toBe(false);
      }
      fc.assert(property, { seed: 3079, numRuns: 100 });
    });
  });

  test(`${name}: timingSafeEqual compares contents and lengths`, () => {
    expect(crypto.timingSafeEqual(text('abc'), text('abc'))).toBe(true);
    expect(crypto.timingSafeEqual(text('abc'), text('abd'))).toBe(false);
    expect(crypto.timingSafeEqual(text('abc'), text('ab'))).toBe(false);
    expect(crypto.timingSafeEqual(text(''), text(''))).toBe(true);
  });
}

/** How many vectors each file has for us, so that none goes missing unseen: 1,424 together. */
const VECTORS = { aesGcm: 67, x25519: 518, ecdh: 355, ecdsa: 484 } as const;

/** `openssl ecparam -name secp384r1 -genkey`; `printf signed | openssl dgst -sha256 -sign`. */
const P384 = {
  spki: fromHex(
    '3076301006072a8648ce3d020106052b81040022036200041366fd41091a648ff40e39a6ca3a38d783c8db336d86978c173b2e1c5b28a4c3be998f0acc13bf1142c73d901cca64aca9192f69d1cc4c836af2faa0624e21d4bea5b4d3d1be87c08f96a3fdbe60eaad920af83708f3d101e7b825ed81468f6e',
  ),
  signature: fromHex(
    '30650231009c301e392242dcbda4a58dc47c1c06fc50db9e7a2843d8449d207f5b5ccacf6866417ca7d8fb8b3fdb68c3e0c945f04402304db33d40896b8c5f8d32f4e2b6dcd2da56b75d3df2815c2fa4f9ff835705b4482e776e3b664de9108adf9828f6e650ca',
  ),
};
