import { keyTable } from '@lb-matrix/lb-cbor-keys';
import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generalJson } from '../src/general-json.ts';
import { hex } from './support.ts';

const general = (cbor: string): string => generalJson(hex(cbor), keyTable(1));

describe('any CBOR as JSON', () => {
  test.each<[string, string, string]>([
    ['a byte string', '43fbff00', '"-_8A"'],
    ['undefined', 'f7', 'null'],
    ['NaN', 'f97e00', 'null'],
    ['infinity', 'f97c00', 'null'],
    ['a negative bignum', 'c349010000000000000000', '-18446744073709551617'],
    ['an empty bignum', 'c240', '0'],
    ['a date as text', 'c074323031332d30332d32315432303a30343a30305a', '"2013-03-21T20:04:00Z"'],
    ['an epoch date', 'c11a514b67b0', '1363896240'],
    ['a decimal fraction', 'c48221196ab3', '[-2,27315]'],
    ['a set', 'd9010283010203', '[1,2,3]'],
    ['a typed array', 'd84043010203', '"AQID"'],
    ['an error object', 'd81b82654572726f72616d', '["Error","m"]'],
    ['a shared value', 'd81c81d81d00', '[0]'],
    ['a tag that nobody knows', 'd9ffff6161', '"a"'],
    ['a tag of 32 bits', 'da0001000081f7', '[null]'],
    ['a record of cbor-x', 'd9dfff8319e00081616105', '[57344,["a"],5]'],
    ['a string of indefinite length', '825f4101420203ff7f6161626263ff', '["AQID","abc"]'],
    ['of the same name twice, the last', 'a2f501f502', '{"true":2}'],
    ['unassigned simple values', '82e0f8ff', '[null,null]'],
    ['integer keys, known and not', 'a302010c02390fff03', '{"-4096":3,"timeline":2,"type":1}'],
    ['a name and its integer', 'a26474797065010202', '{"type":1}'],
    ['its integer and a name', 'a20202647479706501', '{"type":1}'],
    ['keys of every kind', 'a5f501f602820102038004f9410005', '{"2.5":5,"[1,2]":3,"[]":4,"null":2,"true":1}'],
    ['indefinite arrays and maps', '9fbf61619f01ffffff', '[{"a":[1]}]'],
    ['integers of 64 bits', '821bffffffffffffffff3bffffffffffffffff', '[18446744073709551615,-18446744073709551616]'],
  ])('%s', (_, cbor, json) => {
    expect(general(cbor)).toBe(json);
  });

  test('bignums are capped, since they take quadratic time', () => {
    expect(general(`c2590400${'ff'.repeat(1024)}`)).toBe((2n ** 8192n - 1n).toString());
    expect(() => general(`c2590401${'ff'.repeat(1025)}`)).toThrow('a bignum of 1025 bytes; 1024 are the limit');
    expect(() => general(`c35a000186a0${'ff'.repeat(100_000)}`)).toThrow('a bignum of 100000 bytes');
    expect(() => general('c2820102')).toThrow('a bignum is no byte string');
  });

  test('depth is capped', () => {
    expect(general(`${'81'.repeat(1000)}80`)).toBe(`${'['.repeat(1001)}${']'.repeat(1001)}`);
    for (const nest of ['81', 'c1', 'a1f6']) {
      expect(() => general(`${nest.repeat(1001)}80`)).toThrow('nested deeper');
    }
    expect(() => general(`${'81'.repeat(100_000)}80`)).toThrow('nested deeper');
  });

  test('maps in keys of maps are capped, since the quotes of each are escaped by the next', () => {
    const nested = (times: number): string => `${'a1'.repeat(times)}60${'00'.repeat(times)}`;
    expect(general(nested(3))).toBe(JSON.stringify({ [JSON.stringify({ [JSON.stringify({ '': 0 })]: 0 })]: 0 }));
    expect(() => general(nested(60))).toThrow('longer than maxBytes');
  });

  test('length is capped', () => {
    expect(() => generalJson(new Uint8Array(16 * 1024 * 1024 + 1), keyTable(1))).toThrow('longer than maxBytes');
  });

  test.each<[string, string]>([
    ['', 'truncated'],
    ['18', 'truncated'],
    ['1b00000000000000', 'truncated'],
    ['8201', 'truncated'],
    ['a101', 'truncated'],
    ['9bffffffffffffffff00', 'truncated'],
    ['4201', 'truncated'],
    ['5f4101', 'truncated'],
    ['5bffffffffffffffff00', 'truncated'],
    ['0000', 'trailing_bytes'],
    ['1c', 'reserved_length'],
    ['1f', 'reserved_length'],
    ['df00', 'reserved_length'],
    ['ff', 'unexpected_break'],
    ['81ff', 'unexpected_break'],
    ['bf01ff', 'unexpected_break'],
    ['5f6161ff', 'invalid_chunk'],
    ['5f5f4101ffff', 'invalid_chunk'],
    ['7f61c3', 'truncated'],
    ['62c328', 'invalid_utf8'],
    ['7f61c361bcff', 'invalid_utf8'],
    ['f818', 'simple_value'],
  ])('%j is no CBOR: %s', (cbor, reason) => {
    expect(() => general(cbor)).toThrow(expect.objectContaining({ name: 'CborError', reason }));
  });
});

describe('judged by cbor-x, which writes what JSON cannot say', () => {
  const encoder = new Encoder({ useRecords: false, variableMapSize: true });
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'grapheme' }),
      fc.double(),
      fc.integer(),
      fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }),
      fc.constantFrom(null, undefined, true, false),
      fc.uint8Array(),
      fc.array(tie('value')),
      fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { noNullPrototype: true }),
    ),
  })).value;

  test('what it writes is read back as the JSON of the value', () => {
    fc.assert(
      fc.property(value, (each) => {
        expect(JSON.parse(generalJson(encoder.encode(each), keyTable(1)))).toEqual(JSON.parse(asJson(each)));
      }),
      { seed: 8949, numRuns: 500 },
    );
  });

  test('noise is refused with a reason, and nothing else happens', () => {
    const corpus = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(value, fc.nat(), fc.nat({ max: 255 })).map(([each, at, byte]) => {
        const cbor = Uint8Array.from(encoder.encode(each));
        cbor[at % cbor.length] = byte;
        return cbor;
      }),
    );
    fc.assert(
      fc.property(corpus, (cbor) => {
        try {
          JSON.parse(generalJson(cbor, keyTable(1)));
        } catch (error) {
          expect((error as Error).name).toMatch(/^(CborError|CliError)$/);
        }
      }),
      { seed: 8949, numRuns: 2000 },
    );
  });

  /** The same advice of RFC 8949 6.1, by JSON.stringify. */
  function asJson(each: unknown): string {
    const json = JSON.stringify(each, (_, part: unknown) => {
      if (typeof part === 'bigint') return Number(part);
      if (part === undefined) return null;
      return part instanceof Uint8Array ? Buffer.from(part).toString('base64url') : part;
    });
    return json;
  }
});
