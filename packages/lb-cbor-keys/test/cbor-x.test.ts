import { Decoder, Encoder } from 'cbor-x';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CborError,
  decodeToJson,
  decodeValue,
  encodeJson,
  encodeValue,
  type JsonValue,
  keyTable,
} from '../src/index.ts';
import { asParsed, bodies, fromHex, parseJson, SEED, toHex, toText } from './support.ts';

// cbor-x as the reference, where its behaviour is right: see the README for where it is not.
const reader = new Decoder({ useRecords: false, mapsAsObjects: false });
const writer = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
const keys = keyTable(1);

/** What cbor-x read, as the value it stands for: Maps to objects, integer keys to names, safe bigints to numbers. */
function fromReference(value: unknown): JsonValue {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(fromReference);
  if (!(value instanceof Map)) return value as JsonValue;
  return Object.fromEntries(
    [...value].map(([key, member]) => [typeof key === 'number' ? keys.names.get(key) : key, fromReference(member)]),
  );
}

/** What an application does for cbor-x to write: integers of 2^32 and more, which it would make floats, as bigints. */
function toReference(value: JsonValue): unknown {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && Math.abs(value) >= 2 ** 31 ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toReference);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toReference(member)]));
}

const value = fc
  .jsonValue({ stringUnit: 'binary', depthSize: 'medium' })
  .map((any): JsonValue => JSON.parse(JSON.stringify(any)));
// cbor-x renames a key __proto__, and writes every float, as which it takes integers beyond 2^53 too, with 64 bits.
const sameBytes = value.filter((any) => !/__proto__|[\d.]\.\d|\de|\d{16}/.test(JSON.stringify(any)));

describe('differential: cbor-x', () => {
  test('reads what our encoders write', () => {
    fc.assert(
      fc.property(value, fc.boolean(), fc.boolean(), (any, withKeys, canonical) => {
        const cbor = encodeValue(any, { keys: withKeys ? keys : undefined, canonical });
        expect(asParsed(fromReference(reader.decode(cbor)))).toEqual(asParsed(any));
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  test('writes what our decoders read', () => {
    fc.assert(
      fc.property(value, (any) => {
        fc.pre(!JSON.stringify(any).includes('__proto__'));
        const cbor = writer.encode(toReference(any));
        expect(asParsed(decodeValue(cbor))).toEqual(asParsed(any));
        expect(parseJson(toText(decodeToJson(cbor)))).toEqual(any);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  test('writes the same bytes for integers, text, arrays and maps', () => {
    fc.assert(
      fc.property(sameBytes, (any) => {
        expect(toHex(encodeValue(any))).toBe(toHex(writer.encode(toReference(any))));
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  test('gives the same for every recorded body', () => {
    for (const body of bodies()) {
      const parsed: JsonValue = JSON.parse(body);
      expect(fromReference(reader.decode(encodeJson(body, { keys })))).toEqual(parsed);
      expect(decodeValue(writer.encode(toReference(parsed)))).toEqual(parsed);
    }
  });
});

test('canonical maps are in the order of RFC 7049 3.9, judged by the keys that cbor-x reads', () => {
  const check = (any: unknown): void => {
    if (Array.isArray(any)) any.forEach(check);
    if (!(any instanceof Map)) return;
    const encoded = [...any.keys()].map((key) => Buffer.from(writer.encode(key)));
    const ordered = encoded.toSorted((a, b) => a.length - b.length || Buffer.compare(a, b));
    expect(encoded).toEqual(ordered);
    [...any.values()].forEach(check);
  };
  for (const body of bodies()) check(reader.decode(encodeJson(body, { keys, canonical: true })));
});

test('what the README says of cbor-x: these it reads without an error, and we refuse', () => {
  const objects = new Decoder({ useRecords: false, mapsAsObjects: true });
  for (const [hex, theirs] of [
    ['f7', undefined],
    ['f814', false],
    ['4101', Uint8Array.of(1)],
    ['f97e00', Number.NaN],
    ['6180', '\ufffd'],
    ['63eda080', '\ufffd\ufffd\ufffd'],
    ['a2616101616102', { a: 2 }],
    ['a10001', { 0: 1 }],
    ['c11a514b67b0', new Date('2013-03-21T20:04:00Z')],
  ] as const) {
    expect(objects.decode(fromHex(hex))).toEqual(theirs);
    expect(() => decodeValue(fromHex(hex))).toThrow(CborError);
  }
  expect(objects.decode(fromHex('a1695f5f70726f746f5f5f01'))).toEqual({ __proto_: 1 });
  expect(() => objects.decode(fromHex('7f6161ff'))).toThrow();
  expect(toHex(writer.encode('\ud800'))).toBe('63eda080');
  expect(toHex(writer.encode(1700000000000))).toBe('fb4278bcfe56800000');
});
