import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AEAD_PARAMETERS } from '../../src/crypto/aead-parameters.ts';
import { CIPHER_SUITES_13, type CipherSuite13 } from '../../src/handshake/cipher-suites-13.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { closestTo, ReadEpoch13 } from '../../src/record/read-epoch-13.ts';
import { recordKeys13 } from '../../src/record/record-keys-13.ts';
import { WriteEpoch13 } from '../../src/record/write-epoch-13.ts';
import { datagramId } from '../../src/wire/datagram-id.ts';
import { isUnified, readUnifiedHeader, writeUnifiedHeader } from '../../src/wire/unified-header.ts';

const SECRET = new Uint8Array(32).fill(7);
const keys = (suite: CipherSuite13 = CIPHER_SUITES_13[0]!) => recordKeys13(nodeCrypto, suite, SECRET);

/** A record alone in its datagram. */
function seal(writer: WriteEpoch13, content: Uint8Array, isLast = true, type = 23): Uint8Array {
  const out = new Uint8Array(content.length + 40);
  return out.slice(0, writer.write(type, content, out, 0, isLast));
}

const open = (reader: ReadEpoch13, datagram: Uint8Array) => reader.open(readUnifiedHeader(datagram, 0)!, datagram);

describe('the unified header (RFC 9147 4)', () => {
  test('its shortest form has two bytes', () => {
    const out = new Uint8Array(5);
    expect(writeUnifiedHeader(out, 0, 3, 5, 1, undefined)).toBe(2);
    expect([...out]).toEqual([0x23, 5, 0, 0, 0]);
    expect(writeUnifiedHeader(out, 0, 6, 0x1234, 2, 0x0102)).toBe(5);
    expect([...out]).toEqual([0x2e, 0x12, 0x34, 1, 2]);
  });

  test('what is written is read', () => {
    fc.assert(
      fc.property(
        fc.nat(9),
        fc.nat(0xffff),
        fc.boolean(),
        fc.boolean(),
        fc.nat(40),
        fc.uint8Array({ maxLength: 20 }),
        (epoch, number, long, has, length, id) => {
          const out = new Uint8Array(70);
          const numberLength = long ? 2 : 1;
          const start = writeUnifiedHeader(out, 0, epoch, number, numberLength, has ? length : undefined, id);
          const datagram = out.subarray(0, start + length);
          const end = start + length;
          const idLength = id.length;
          const epochBits = epoch & 3;
          expect(readUnifiedHeader(datagram, 0, idLength)).toEqual({
            offset: 0,
            epochBits,
            idLength,
            numberLength,
            start,
            end,
          });
          if (idLength > 0) expect(datagramId(datagram, idLength)).toEqual(id);
          if (idLength > 0) expect(readUnifiedHeader(datagram, 0)).toBeUndefined();
          if (has) expect(readUnifiedHeader(datagram.subarray(0, end - 1), 0, idLength)).toBeUndefined();
        },
      ),
      { seed: 13 },
    );
  });

  test('a connection id, a cut header and other first bytes are none', () => {
    expect(readUnifiedHeader(Uint8Array.of(0x30, 0, 0), 0)).toBeUndefined();
    for (const cut of [[0x20], [0x28, 1], [0x24, 1, 0], [0x2c, 1, 2, 0]]) {
      expect(readUnifiedHeader(Uint8Array.from(cut), 0)).toBeUndefined();
    }
    for (let byte = 0; byte < 256; byte++) expect(isUnified(byte)).toBe(byte >= 0x20 && byte < 0x40);
    expect(readUnifiedHeader(new Uint8Array(0), 0)).toBeUndefined();
  });
});

describe('record numbers', () => {
  test('the closest to what is expected (RFC 9147 4.2.2)', () => {
    expect(closestTo(0, 255, 256)).toBe(255);
    expect(closestTo(300, 0x2c, 256)).toBe(300);
    expect(closestTo(300, 0xff, 256)).toBe(255);
    expect(closestTo(250, 3, 256)).toBe(259);
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: -127, max: 128 }), (expected, ahead) => {
        const number = Math.max(0, expected + ahead);
        expect(closestTo(expected, number % 256, 256)).toBe(number);
      }),
      { seed: 14 },
    );
  });

  test('a reader that has lost thousands of records finds back within 32', () => {
    const writer = new WriteEpoch13(3, keys());
    const reader = new ReadEpoch13(3, keys());
    expect(open(reader, seal(writer, new Uint8Array(1)))).toMatchObject({ sequence: 0 });
    for (let count = 1; count < 5_000; count++) seal(writer, new Uint8Array(1));
    const results = Array.from({ length: 33 }, () => open(reader, seal(writer, new Uint8Array(1))));
    expect(results.at(-1)).toMatchObject({ sequence: 5_032 });
  });

  test('are not seen on the wire', () => {
    const writer = new WriteEpoch13(3, keys());
    const seen = Array.from({ length: 30 }, () => seal(writer, new Uint8Array(20))[1]);
    expect(seen).not.toEqual(Array.from({ length: 30 }, (_, number) => number));
    expect(new Set(seen).size).toBeGreaterThan(20);
  });
});

describe('protected records', () => {
  test.each(CIPHER_SUITES_13)('$name: what is sealed is opened, and adds 19 bytes alone, 21 before others', (suite) => {
    const writer = new WriteEpoch13(3, keys(suite));
    const reader = new ReadEpoch13(3, keys(suite));
    const content = Uint8Array.of(1, 2, 3);
    const alone = seal(writer, content);
    expect(alone).toHaveLength(3 + 19);
    expect(open(reader, alone)).toEqual({ type: 23, sequence: 0, content });
    const before = seal(writer, new Uint8Array(0), false, 22);
    expect(before).toHaveLength(21);
    expect(open(reader, before)).toEqual({ type: 22, sequence: 1, content: new Uint8Array(0) });
  });

  test('whose numbers all have 16 bits are opened, and take a byte more', () => {
    const writer = new WriteEpoch13(3, keys(), 0, undefined, true);
    const reader = new ReadEpoch13(3, keys());
    for (let sequence = 0; sequence < 300; sequence++) {
      const record = seal(writer, Uint8Array.of(1, 2, 3));
      expect(record).toHaveLength(3 + 20);
      expect(open(reader, record)).toMatchObject({ sequence });
    }
  });

  test('padding is taken off (RFC 8446 5.4); a record of nothing but padding is malformed', () => {
    const padded = new WriteEpoch13(3, keys());
    const reader = new ReadEpoch13(3, keys());
    // A content that ends in a type and zeros, and itself has type 0: padding as another sender writes it.
    expect(open(reader, seal(padded, Uint8Array.of(9, 23, 0, 0), true, 0))).toMatchObject({
      type: 23,
      content: Uint8Array.of(9),
    });
    expect(open(reader, seal(padded, new Uint8Array(4), true, 0))).toBe('malformed');
  });

  test('CVE-2016-2181: what does not authenticate moves no window, and nothing is opened twice', () => {
    const writer = new WriteEpoch13(3, keys());
    const reader = new ReadEpoch13(3, keys());
    const records = Array.from({ length: 3 }, (_, index) => seal(writer, Uint8Array.of(index)));
    const forged = records[2]!.slice();
    forged[forged.length - 1]! ^= 1;
    expect(open(reader, forged)).toBe('unauthenticated');
    for (const record of records) expect(open(reader, record)).toMatchObject({ type: 23 });
    for (const record of records) expect(open(reader, record)).toBe('replayed');
  });

  test('every byte of a record counts', () => {
    const record = seal(new WriteEpoch13(3, keys()), Uint8Array.of(1, 2, 3), false);
    for (let at = 0; at < record.length; at++) {
      const damaged = record.slice();
      damaged[at]! ^= 0x04;
      const header = readUnifiedHeader(damaged, 0);
      if (header !== undefined) expect(new ReadEpoch13(3, keys()).open(header, damaged)).toBe('unauthenticated');
    }
  });

  test('what is too short for a mask has failed, and so has what is too long for us', () => {
    const reader = new ReadEpoch13(3, keys(), 4);
    expect(open(reader, new Uint8Array(17).fill(0x23))).toBe('unauthenticated');
    expect(open(reader, seal(new WriteEpoch13(3, keys()), new Uint8Array(4)))).toBe('overflow');
  });

  test('nonces end before the limit of the AEAD, and the key wears out before', () => {
    const { maxSealed } = AEAD_PARAMETERS['aes-128-gcm'];
    const writer = new WriteEpoch13(3, keys(), maxSealed - 1);
    expect(writer.isWearingOut).toBe(true);
    seal(writer, new Uint8Array(1));
    expect(() => seal(writer, new Uint8Array(1))).toThrow('one key');
    expect(new WriteEpoch13(3, keys()).isWearingOut).toBe(false);
  });

  test('anything may come', () => {
    const reader = new ReadEpoch13(3, keys());
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (datagram) => {
        const header = readUnifiedHeader(datagram, 0);
        if (header !== undefined) expect(reader.open(header, datagram)).toBe('unauthenticated');
      }),
      { seed: 15, numRuns: 1_000 },
    );
  });
});
