import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AEAD_PARAMETERS } from '../../src/crypto/aead-parameters.ts';
import type { AeadName } from '../../src/crypto/provider.ts';
import { DtlsPeerError, DtlsRefusedError } from '../../src/errors.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ReadEpoch } from '../../src/record/read-epoch.ts';
import { ivLength, type RecordProtection, recordProtection } from '../../src/record/record-protection.ts';
import { WriteEpoch } from '../../src/record/write-epoch.ts';
import { readRecordHeader, writeRecordHeader } from '../../src/wire/record.ts';

/** A protection over a key of the test's, and every nonce that it saw. */
function observed(name: AeadName = 'aes-128-gcm'): { protection: RecordProtection; nonces: string[] } {
  const nonces: string[] = [];
  const aead = nodeCrypto.aead(name, new Uint8Array(AEAD_PARAMETERS[name].keyLength).fill(1));
  const protection = recordProtection(
    name,
    {
      ...aead,
      seal: (nonce, ...rest) => {
        nonces.push(Buffer.from(nonce).toString('hex'));
        return aead.seal(nonce, ...rest);
      },
    },
    Uint8Array.from({ length: ivLength(name) }, (_, index) => 9 - index),
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

/** Bytes that a record is longer than its plaintext: header 13, explicit nonce 8 or 0, tag 16 or 8. */
const OVERHEAD: Readonly<Record<AeadName, number>> = {
  'aes-128-gcm': 13 + 8 + 16,
  'aes-256-gcm': 13 + 8 + 16,
  'chacha20-poly1305': 13 + 16,
  'aes-128-ccm': 13 + 8 + 16,
  'aes-128-ccm-8': 13 + 8 + 8,
};

describe.each(nodeCrypto.aeads)('records with %s', (name) => {
  test('what is sealed opens, once', () => {
    const { protection } = observed(name);
    const out = new Uint8Array(100);
    const end = new WriteEpoch(1, protection).write(23, Uint8Array.of(1, 2, 3), out, 0);
    expect(end).toBe(OVERHEAD[name] + 3);
    const reader = new ReadEpoch(1, protection);
    const header = readRecordHeader(out, 0)!;
    expect(reader.open(header, out)).toEqual(Uint8Array.of(1, 2, 3));
    expect(reader.open(header, out)).toBe('replayed');
  });

  test('type, epoch, sequence number and length are authentic', () => {
    const { protection } = observed(name);
    const out = new Uint8Array(100);
    const end = new WriteEpoch(1, protection, 7).write(23, Uint8Array.of(1, 2, 3), out, 0);
    const fragment = out.slice(13, end);
    expect(protection.open(23, 1, 7, fragment)).toEqual(Uint8Array.of(1, 2, 3));
    expect(protection.open(22, 1, 7, fragment)).toBeUndefined();
    expect(protection.open(23, 2, 7, fragment)).toBeUndefined();
    expect(protection.open(23, 1, 8, fragment)).toBeUndefined();
    expect(protection.open(23, 1, 7, fragment.subarray(1))).toBeUndefined();
  });

  test('a record that is too short for its tag is dropped', () => {
    const { protection } = observed(name);
    for (let length = 0; length < OVERHEAD[name] - 13; length++) {
      const record = new Uint8Array(13 + length);
      writeRecordHeader(record, 0, 23, 1, length, length);
      expect(new ReadEpoch(1, protection).open(readRecordHeader(record, 0)!, record)).toBe('unauthenticated');
    }
  });

  test('a nonce never comes twice', () => {
    const { protection, nonces } = observed(name);
    const writer = new WriteEpoch(1, protection);
    for (let count = 0; count < 1_000; count++) writer.write(23, Uint8Array.of(count), new Uint8Array(100), 0);
    expect(new Set(nonces).size).toBe(1_000);
  });
});

describe('nonces', () => {
  function firstNonces(name: AeadName): { nonces: string[]; onTheWire: string } {
    const { protection, nonces } = observed(name);
    const writer = new WriteEpoch(1, protection, 0xfffe);
    const out = new Uint8Array(100);
    for (let count = 0; count < 3; count++) writer.write(23, Uint8Array.of(count), out, 0);
    return { nonces, onTheWire: Buffer.from(out.subarray(13, 21)).toString('hex') };
  }

  test.each(['aes-128-gcm', 'aes-128-ccm-8'] as const)('%s: salt, epoch and sequence number (RFC 5288 3)', (name) => {
    const { nonces, onTheWire } = firstNonces(name);
    expect(nonces).toEqual(['09080706000100000000fffe', '09080706000100000000ffff', '090807060001000000010000']);
    expect(onTheWire).toBe('0001000000010000');
  });

  test('ChaCha20-Poly1305: epoch and sequence number over the IV, and nothing travels (RFC 7905 2)', () => {
    const { nonces, onTheWire } = firstNonces('chacha20-poly1305');
    // IV 09 08 07 06 05 04 03 02 01 00 ff fe
    expect(nonces).toEqual(['090807060505030201000000', '090807060505030201000001', '09080706050503020101fffe']);
    expect(onTheWire).not.toContain('000000010000');
  });
});

describe('limits', () => {
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

  test('CCM has limits of its own (RFC 9147 B.1, B.2)', () => {
    for (const name of ['aes-128-ccm', 'aes-128-ccm-8'] as const) {
      const { maxSealed, maxForgeries } = observed(name).protection;
      expect([maxSealed, maxForgeries]).toEqual([2 ** 23, 11_863_283]);
    }
  });

  test('a record that is longer than we have said is dropped (RFC 8449 4)', () => {
    const { protection } = observed();
    const writer = new WriteEpoch(1, protection);
    const out = new Uint8Array(200);
    const reader = new ReadEpoch(1, protection, 64);
    writer.write(23, new Uint8Array(65), out, 0);
    expect(reader.open(readRecordHeader(out, 0)!, out)).toBe('overflow');
    writer.write(23, new Uint8Array(64), out, 0);
    expect(reader.open(readRecordHeader(out, 0)!, out)).toHaveLength(64);
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
