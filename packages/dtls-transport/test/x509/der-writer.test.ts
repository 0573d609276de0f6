import { AsnConvert } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, Validity } from '@peculiar/asn1-x509';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { element, objectIdentifier, sequence, time, unsignedInteger } from '../../src/x509/der-writer.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test.each([
  [0, '0400'],
  [127, '047f'],
  [128, '048180'],
  [255, '0481ff'],
  [256, '04820100'],
  [65_535, '0482ffff'],
  [65_536, '0483010000'],
])('the length of %i bytes is written in its shortest form (X.690 10.1)', (length, header) => {
  const written = element(0x04, new Uint8Array(length));
  expect(written).toHaveLength(header.length / 2 + length);
  expect(hex(written.subarray(0, header.length / 2))).toBe(header);
});

test.each([
  [[], '020100'],
  [[0, 0], '020100'],
  [[0x7f], '02017f'],
  [[0x80], '02020080'],
  [[0, 0x80], '02020080'],
  [[0, 1, 0], '02020100'],
])('the INTEGER %j is the shortest that is not negative (X.690 8.3.2)', (bytes, expected) => {
  expect(hex(unsignedInteger(Uint8Array.from(bytes)))).toBe(expected);
});

test.each([
  ['1950-01-01T00:00:00Z', '170d3530303130313030303030305a'],
  ['1999-12-31T23:59:59.999Z', '170d3939313233313233353935395a'],
  ['2049-12-31T23:59:59Z', '170d3439313233313233353935395a'],
  ['2050-01-01T00:00:00Z', '180f32303530303130313030303030305a'],
  ['1949-12-31T23:59:59Z', '180f31393439313233313233353935395a'],
])('%s is UTCTime from 1950 through 2049 only (RFC 5280 4.1.2.5)', (text, expected) => {
  expect(hex(time(Date.parse(text)))).toBe(expected);
});

test('object identifiers and times are read back by the parser', () => {
  const arc = fc.nat(2 ** 31);
  const property = fc.property(
    fc.tuple(fc.constantFrom('0', '1'), fc.nat(39), arc, arc).map((arcs) => arcs.join('.')),
    fc.date({ min: new Date('1900-01-01'), max: new Date('2999-01-01'), noInvalidDate: true }),
    (oid, date) => {
      expect(AsnConvert.parse(sequence(objectIdentifier(oid)), AlgorithmIdentifier).algorithm).toBe(oid);
      const seconds = Math.floor(date.getTime() / 1000) * 1000;
      const { notBefore } = AsnConvert.parse(sequence(time(date.getTime()), time(0)), Validity);
      expect(notBefore.getTime().getTime()).toBe(seconds);
    },
  );
  fc.assert(property, { seed: 690 });
});
