import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DtlsPeerError, DtlsRefusedError } from '../../src/errors.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ReadEpoch } from '../../src/record/read-epoch.ts';
import { gcmProtection, type RecordProtection } from '../../src/record/record-protection.ts';
import { WriteEpoch } from '../../src/record/write-epoch.ts';
import { readRecordHeader, writeRecordHeader } from '../../src/wire/record.ts';

const key = new Uint8Array(16).fill(1);
const salt = Uint8Array.of(9, 8, 7, 6);

/** GCM over a key of the test's, and every nonce that it saw. */
function observed(): { protection: RecordProtection; nonces: string[] } {
  const nonces: string[] = [];
  const aead = nodeCrypto.aead('aes-128-gcm', key);
  const protection = gcmProtection(
    {
      ...aead,
      seal: (nonce, ...rest) => {
        nonces.push(Buffer.from(nonce).toString('hex'));
        return aead.seal(nonce, ...rest);
      },
    },
    salt,
  );
  return { protection, nonces };
}

test('a header is read as it was written', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(0xffff), fc.nat(2 ** 48 - 1), fc.nat(100), (type, epoch, sequence, length) => {
      const record = new Uint8Array(13 + length);
      writeRecordHeader(record, 0, type, epoch, sequence, length);
      expect(readRecordHeader(record, 0)).toEqual({
        type,
        version: 0xfefd,
        epoch,
        sequence,
        start: 13,
        end: 13 + length,
      });
    }),
    { seed: 4 },
  );
});

test('any bytes are a header or none, and what it promises is there', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(70), (bytes, offset) => {
      const header = readRecordHeader(bytes, offset);
      if (header !== undefined) expect(header.end).toBeLessThanOrEqual(bytes.length);
    }),
    { seed: 5, numRuns: 1_000 },
  );
});

describe('protected records', () => {
  test('the nonce is salt, epoch and sequence number, and never comes twice', () => {
    const { protection, nonces } = observed();
    const writer = new WriteEpoch(1, protection, 0xfffe);
    const out = new Uint8Array(100);
    for (let count = 0; count < 3; count++) writer.write(23, Uint8Array.of(count), out, 0);
    expect(nonces).toEqual(['09080706000100000000fffe', '09080706000100000000ffff', '090807060001000000010000']);
  });

  test('what is sealed opens, once', () => {
    const { protection } = observed();
    const out = new Uint8Array(100);
    const end = new WriteEpoch(1, protection).write(23, Uint8Array.of(1, 2, 3), out, 0);
    expect(end).toBe(13 + 24 + 3);
    const reader = new ReadEpoch(1, protection);
    const header = readRecordHeader(out, 0)!;
    expect(reader.open(header, out)).toEqual(Uint8Array.of(1, 2, 3));
    expect(reader.open(header, out)).toBe('replayed');
  });

  test('a record that is too short for its tag is dropped', () => {
    const { protection } = observed();
    for (let length = 0; length < 24; length++) {
      const record = new Uint8Array(13 + length);
      writeRecordHeader(record, 0, 23, 1, length, length);
      expect(new ReadEpoch(1, protection).open(readRecordHeader(record, 0)!, record)).toBe('unauthenticated');
    }
  });

  test('a key is used for 2^24.5 records and no more (RFC 8446 5.5)', () => {
    const { protection } = observed();
    const writer = new WriteEpoch(1, protection, 23_726_566 - 1);
    const out = new Uint8Array(100);
    writer.write(23, new Uint8Array(1), out, 0);
    expect(() => writer.write(23, new Uint8Array(1), out, 0)).toThrow(DtlsRefusedError);
  });

  test('after too many forgeries the key is given up (RFC 9147 4.5.3)', () => {
    const { protection } = observed();
    expect(protection.maxForgeries).toBe(2 ** 36);
    const reader = new ReadEpoch(1, { ...protection, maxForgeries: 3 });
    const record = new Uint8Array(60);
    writeRecordHeader(record, 0, 23, 1, 0, 47);
    const header = readRecordHeader(record, 0)!;
    for (let count = 0; count < 3; count++) expect(reader.open(header, record)).toBe('unauthenticated');
    expect(() => reader.open(header, record)).toThrow(DtlsPeerError);
  });
});

test('sequence numbers of epoch 0 do not wrap', () => {
  const writer = new WriteEpoch(0, undefined, 2 ** 48 - 1);
  const out = new Uint8Array(20);
  writer.write(22, new Uint8Array(1), out, 0);
  expect(readRecordHeader(out, 0)?.sequence).toBe(2 ** 48 - 1);
  expect(() => writer.write(22, new Uint8Array(1), out, 0)).toThrow(
    expect.objectContaining({ reason: 'sequence-exhausted' }),
  );
});
