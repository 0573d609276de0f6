import { describe, expect, test } from 'vitest';
import { hkdfExpand, hkdfExtract } from '../../../src/crypto/hkdf.ts';
import { field, readWycheproof } from '../../support/wycheproof.ts';
import { type ConformanceSubject, hex, label, text } from './subject.ts';

/** SHA-2, HMAC and what is made of it. */
export function testHashes({ name, crypto }: ConformanceSubject): void {
  describe(`${name}: hashes`, () => {
    test('SHA-256 and SHA-384 of "abc" are those of FIPS 180', () => {
      expect(hex(crypto.hash('sha256', text('abc')))).toBe(
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      );
      expect(hex(crypto.hash('sha384', text('abc')))).toBe(
        'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
      );
    });

    test.each(['sha256', 'sha384'] as const)('a running %s can be read at any point and goes on', (hash) => {
      const running = crypto.runningHash(hash);
      expect(running.digest()).toEqual(crypto.hash(hash, text('')));
      running.update(text('a'));
      expect(running.digest()).toEqual(crypto.hash(hash, text('a')));
      expect(running.digest()).toEqual(crypto.hash(hash, text('a')));
      running.update(text('bc'));
      expect(running.digest()).toEqual(crypto.hash(hash, text('abc')));
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

    test('the 86 Wycheproof vectors of HKDF with SHA-256, those of RFC 5869 A.1 to A.3 among them', () => {
      const vectors = readWycheproof('hkdf_sha256_test.json').flatMap((group) => group.tests);
      expect(vectors).toHaveLength(86);
      expect(vectors.filter(({ comment }) => comment === 'RFC 5869')).toHaveLength(3);
      for (const vector of vectors) {
        const [ikm, salt, info] = ['ikm', 'salt', 'info'].map((part) => field(vector, part));
        const key = hkdfExtract(crypto, 'sha256', salt!, ikm!);
        const expand = (): Uint8Array => hkdfExpand(crypto, 'sha256', key, info!, vector.size as number);
        if (vector.result === 'valid') expect(hex(expand()), label(vector)).toBe(vector.okm);
        else expect(expand, label(vector)).toThrow(RangeError);
      }
    });

    test('results are plain Uint8Array', () => {
      const { publicKey } = crypto.generateKeyAgreement('x25519');
      for (const bytes of [crypto.hash('sha256', text('')), crypto.hmac('sha256', text(''), text('')), publicKey]) {
        expect(bytes.constructor).toBe(Uint8Array);
      }
    });

    test('timingSafeEqual compares contents and lengths', () => {
      expect(crypto.timingSafeEqual(text('abc'), text('abc'))).toBe(true);
      expect(crypto.timingSafeEqual(text('abc'), text('abd'))).toBe(false);
      expect(crypto.timingSafeEqual(text('abc'), text('ab'))).toBe(false);
      expect(crypto.timingSafeEqual(text(''), text(''))).toBe(true);
    });
  });
}
