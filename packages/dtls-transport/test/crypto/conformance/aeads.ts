import { describe, expect, test } from 'vitest';
import { AEAD_PARAMETERS } from '../../../src/crypto/aead-parameters.ts';
import type { AeadName } from '../../../src/crypto/provider.ts';
import { field, fromHex, readWycheproof, type WycheproofTest } from '../../support/wycheproof.ts';
import { type ConformanceSubject, hex, label, text } from './subject.ts';

/** Where the vectors of each AEAD stand, and how many there are, so that none goes missing unseen. */
const VECTORS: Readonly<Record<AeadName, { file: string; vectors: number; withOtherNonces: number }>> = {
  'aes-128-gcm': { file: 'aes_gcm_test.json', vectors: 67, withOtherNonces: 41 },
  'aes-256-gcm': { file: 'aes_gcm_test.json', vectors: 66, withOtherNonces: 39 },
  'chacha20-poly1305': { file: 'chacha20_poly1305_test.json', vectors: 316, withOtherNonces: 9 },
  'aes-128-ccm': { file: 'aes_ccm_test.json', vectors: 78, withOtherNonces: 36 },
  'aes-128-ccm-8': { file: 'aes_ccm_test.json', vectors: 8, withOtherNonces: 0 },
};

const NAMES = Object.keys(VECTORS) as AeadName[];

/** NIST SP 800-38C, example 3: the one published vector of CCM with a nonce of 12 bytes and a tag of 8. */
const SP_800_38C = {
  key: '404142434445464748494a4b4c4d4e4f',
  nonce: '101112131415161718191a1b',
  aad: '000102030405060708090a0b0c0d0e0f10111213',
  plaintext: '202122232425262728292a2b2c2d2e2f3031323334353637',
  sealed: 'e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951',
};

export function testAeads({ name: provider, crypto }: ConformanceSubject): void {
  test(`${provider}: all AEADs of TLS are there`, () => {
    expect([...crypto.aeads].sort()).toEqual([...NAMES].sort());
  });

  describe.each(NAMES)(`${provider}: %s`, (name) => {
    const { file, ...counts } = VECTORS[name];
    const { keyLength, tagLength } = AEAD_PARAMETERS[name];
    const groups = readWycheproof(file).filter(
      (group) => group.keySize === 8 * keyLength && group.tagSize === 8 * tagLength,
    );

    test(`its ${counts.vectors} Wycheproof vectors seal and open, or are refused`, () => {
      const vectors = groups.filter(({ ivSize }) => ivSize === 96).flatMap((group) => group.tests);
      expect(vectors).toHaveLength(counts.vectors);
      for (const vector of vectors) {
        const { aead, nonce, aad, msg, sealed } = inputsOf(vector);
        const opened = aead.open(nonce, aad, sealed);
        if (vector.result === 'invalid') {
          expect(opened, label(vector)).toBeUndefined();
          continue;
        }
        expect(hex(opened), label(vector)).toBe(hex(msg));
        const out = new Uint8Array(sealed.length + 2);
        expect(aead.seal(nonce, aad, msg, out, 1), label(vector)).toBe(sealed.length);
        expect(hex(out), label(vector)).toBe(`00${hex(sealed)}00`);
      }
    });

    if (counts.withOtherNonces > 0) {
      test(`its ${counts.withOtherNonces} vectors with nonces of another length than 96 bits are refused, good or not`, () => {
        const vectors = groups.filter(({ ivSize }) => ivSize !== 96).flatMap((group) => group.tests);
        expect(vectors).toHaveLength(counts.withOtherNonces);
        for (const vector of vectors) {
          const { aead, nonce, aad, msg, sealed } = inputsOf(vector);
          expect(aead.open(nonce, aad, sealed), label(vector)).toBeUndefined();
          const seal = (): number => aead.seal(nonce, aad, msg, new Uint8Array(sealed.length), 0);
          expect(seal, label(vector)).toThrow(RangeError);
        }
      });
    }

    test('any changed bit, and anything shorter than it was, does not open', () => {
      const aead = crypto.aead(name, new Uint8Array(keyLength).fill(7));
      const nonce = new Uint8Array(12).fill(1);
      const sealed = new Uint8Array(20 + tagLength);
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
      expect(aead.open(nonce, text('aad'), sealed)?.constructor).toBe(Uint8Array);
    });

    test('one key seals any number of records, and its bytes are no longer needed', () => {
      const key = new Uint8Array(keyLength).fill(9);
      const aead = crypto.aead(name, key);
      key.fill(0);
      const again = crypto.aead(name, new Uint8Array(keyLength).fill(9));
      for (let record = 0; record < 3; record++) {
        const nonce = new Uint8Array(12).fill(record);
        const sealed = new Uint8Array(5 + tagLength);
        aead.seal(nonce, text(''), text('hello'), sealed, 0);
        expect(again.open(nonce, text(''), sealed)).toEqual(text('hello'));
      }
    });

    test("a key or nonce of the wrong length, or too little room, is the caller's mistake and throws", () => {
      for (const length of [0, keyLength - 1, keyLength + 1, 24]) {
        expect(() => crypto.aead(name, new Uint8Array(length))).toThrow(RangeError);
      }
      const aead = crypto.aead(name, new Uint8Array(keyLength));
      const seal = (nonceLength: number, room: number): number =>
        aead.seal(new Uint8Array(nonceLength), text(''), text('hello'), new Uint8Array(room), 0);
      expect(aead.tagLength).toBe(tagLength);
      expect(() => seal(11, 100)).toThrow(RangeError);
      expect(() => seal(13, 100)).toThrow(RangeError);
      expect(() => seal(12, 5 + tagLength - 1)).toThrow(RangeError);
      expect(seal(12, 5 + tagLength)).toBe(5 + tagLength);
    });

    function inputsOf(vector: WycheproofTest) {
      const [key, nonce, aad, msg, ct, tag] = ['key', 'iv', 'aad', 'msg', 'ct', 'tag'].map((part) =>
        field(vector, part),
      );
      const sealed = new Uint8Array([...ct!, ...tag!]);
      return { aead: crypto.aead(name, key!), nonce: nonce!, aad: aad!, msg: msg!, sealed };
    }
  });

  test(`${provider}: CCM_8 gives what NIST SP 800-38C example 3 shows`, () => {
    const { key, nonce, aad, plaintext, sealed } = SP_800_38C;
    const aead = crypto.aead('aes-128-ccm-8', fromHex(key));
    const out = new Uint8Array(sealed.length / 2);
    aead.seal(fromHex(nonce), fromHex(aad), fromHex(plaintext), out, 0);
    expect(hex(out)).toBe(sealed);
    expect(hex(aead.open(fromHex(nonce), fromHex(aad), out))).toBe(plaintext);
  });
}
