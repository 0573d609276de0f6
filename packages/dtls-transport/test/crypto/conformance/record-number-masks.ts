import { describe, expect, test } from 'vitest';
import { type ConformanceSubject, hex } from './subject.ts';

const bytes = (value: string) => new Uint8Array(Buffer.from(value, 'hex'));

export function testRecordNumberMasks({ name, crypto }: ConformanceSubject): void {
  describe(`${name}: masks of record numbers`, () => {
    test('AES: the example vectors of FIPS 197 C.1 and C.3', () => {
      const sample = bytes('00112233445566778899aabbccddeeff');
      const short = crypto.recordNumberMask('aes-128-gcm', bytes('000102030405060708090a0b0c0d0e0f'));
      expect(hex(short(sample))).toBe('69c4e0d86a7b0430d8cdb78070b4c55a');
      expect(hex(short(sample))).toBe('69c4e0d86a7b0430d8cdb78070b4c55a'); // one key serves all records
      const key = bytes('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
      expect(hex(crypto.recordNumberMask('aes-256-gcm', key)(sample))).toBe('8ea2b7ca516745bfeafc49904b496089');
    });

    test('ChaCha20: the vector of RFC 9001 A.5, whose masks are the same', () => {
      const key = bytes('25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4');
      const mask = crypto.recordNumberMask('chacha20-poly1305', key)(bytes('5e5cd55c41f69080575d7999c25a5bfb'));
      expect(hex(mask.subarray(0, 5))).toBe('aefefe7d03');
    });

    test('a sample whose counter is the last one throws nothing', () => {
      const mask = crypto.recordNumberMask('chacha20-poly1305', new Uint8Array(32));
      expect(mask(new Uint8Array(16).fill(0xff))).toHaveLength(16);
    });

    test('keys and samples of other lengths are a mistake', () => {
      expect(() => crypto.recordNumberMask('aes-128-gcm', new Uint8Array(32))).toThrow(RangeError);
      expect(() => crypto.recordNumberMask('chacha20-poly1305', new Uint8Array(16))).toThrow(RangeError);
      for (const aead of ['aes-128-gcm', 'chacha20-poly1305'] as const) {
        const mask = crypto.recordNumberMask(aead, new Uint8Array(aead === 'aes-128-gcm' ? 16 : 32));
        expect(() => mask(new Uint8Array(15))).toThrow(RangeError);
      }
    });
  });
}
