import { describe, expect, test } from 'vitest';
import { decodeToJson, decodeValue, encodeJson, type JsonValue, keyTable } from '../src/index.ts';
import { bodies, decodeBoth, fromHex, toText, utf8 } from './support.ts';

/** What both decoders give; the cases of RFC 8949 appendix A that have a JSON form, and what the wire may say besides. */
describe.each<[string, string, JsonValue]>(
  [
    ['00', '0', 0],
    ['17', '23', 23],
    ['1818', '24', 24],
    ['1864', '100', 100],
    ['1903e8', '1000', 1000],
    ['1a000f4240', '1000000', 1000000],
    ['1b000000e8d4a51000', '1000000000000', 1000000000000],
    ['1b001fffffffffffff', '9007199254740991', 9007199254740991],
    ['1b0020000000000000', '9007199254740992', 9007199254740992n],
    ['1b0020000000000001', '9007199254740993', 9007199254740993n],
    ['1bffffffffffffffff', '18446744073709551615', 18446744073709551615n],
    ['20', '-1', -1],
    ['3903e7', '-1000', -1000],
    ['3b001ffffffffffffe', '-9007199254740991', -9007199254740991],
    ['3b001fffffffffffff', '-9007199254740992', -9007199254740992n],
    ['3bffffffffffffffff', '-18446744073709551616', -18446744073709551616n],
    ['f90000', '0', 0],
    ['f98000', '0', -0],
    ['f93c00', '1', 1],
    ['fb3ff199999999999a', '1.1', 1.1],
    ['f93e00', '1.5', 1.5],
    ['f97bff', '65504', 65504],
    ['fa47c35000', '100000', 100000],
    ['fa7f7fffff', '3.4028234663852886e+38', 3.4028234663852886e38],
    ['fb7e37e43c8800759c', '1e+300', 1e300],
    ['f90001', '5.960464477539063e-8', 2 ** -24],
    ['f90400', '0.00006103515625', 0.00006103515625],
    ['f9c400', '-4', -4],
    ['fbc010666666666666', '-4.1', -4.1],
    // What existing servers make of an integer: a float64.
    ['fb4278bcfe56800000', '1700000000000', 1700000000000],
    // Integral floats: all digits while they fit 64 bits, an exponent beyond.
    ['fa5f000000', '9223372036854775808', 2 ** 63],
    ['fadf800000', '-18446744073709551616', -(2 ** 64)],
    ['fa5f800000', '1.8446744073709552e+19', 2 ** 64],
    ['fb4415af1d78b58c40', '1e+20', 1e20],
    ['f4', 'false', false],
    ['f5', 'true', true],
    ['f6', 'null', null],
    ['60', '""', ''],
    ['6449455446', '"IETF"', 'IETF'],
    ['62225c', '"\\"\\\\"', '"\\'],
    ['62c3bc', '"ü"', 'ü'],
    ['63e6b0b4', '"水"', '水'],
    ['64f0908591', '"𐅑"', '𐅑'],
    ['6800090a0c0d081f7f', '"\\u0000\\t\\n\\f\\r\\b\\u001f\u007f"', '\u0000\t\n\f\r\b\u001f\u007f'],
    ['66e280a8e280a9', '"\u2028\u2029"', '\u2028\u2029'],
    ['63efbbbf', '"\ufeff"', '\ufeff'],
    ['63efbfbd', '"\ufffd"', '\ufffd'],
    ['80', '[]', []],
    ['8301820203820405', '[1,[2,3],[4,5]]', [1, [2, 3], [4, 5]]],
    ['a0', '{}', {}],
    ['a26161016162820203', '{"a":1,"b":[2,3]}', { a: 1, b: [2, 3] }],
    ['a1613182f4f5', '{"1":[false,true]}', { 1: [false, true] }],
    // Indefinite lengths (RFC 8949 3.2).
    ['7fff', '""', ''],
    ['7f657374726561646d696e67ff', '"streaming"', 'streaming'],
    ['7f6162780163606161ff', '"bca"', 'bca'],
    ['9fff', '[]', []],
    ['9f018202039f0405ffff', '[1,[2,3],[4,5]]', [1, [2, 3], [4, 5]]],
    ['83018202039f0405ff', '[1,[2,3],[4,5]]', [1, [2, 3], [4, 5]]],
    ['bfff', '{}', {}],
    ['bf61610161629f0203ffff', '{"a":1,"b":[2,3]}', { a: 1, b: [2, 3] }],
    ['bf6346756ef563416d7421ff', '{"Fun":true,"Amt":-2}', { Fun: true, Amt: -2 }],
    ['bf02010302ff', '{"type":1,"content":2}', { type: 1, content: 2 }],
    ['a17f617463797065ff01', '{"type":1}', { type: 1 }],
    // Heads longer than needed.
    ['180a', '10', 10],
    ['1b0000000000000001', '1', 1],
    ['79000161', '"a"', 'a'],
    ['9b000000000000000101', '[1]', [1]],
    // Tag 55799 (RFC 8949 3.4.6), wherever a value stands and as often as one likes.
    ['d9d9f7a10201', '{"type":1}', { type: 1 }],
    ['da0000d9f781d9d9f7d9d9f701', '[1]', [1]],
    // Keys that a careless reader would take for something else.
    ['a1695f5f70726f746f5f5fa1617801', '{"__proto__":{"x":1}}', JSON.parse('{"__proto__":{"x":1}}')],
    ['a16b636f6e7374727563746f7201', '{"constructor":1}', { constructor: 1 } as JsonValue],
    ['a16001', '{"":1}', { '': 1 }],
    ['a261310162323102', '{"1":1,"21":2}', { 1: 1, 21: 2 }],
  ].filter(([, json]) => json !== '') as [string, string, JsonValue][],
)('%s', (hex, json, value) => {
  test(`is ${json}`, () => {
    expect(decodeBoth(hex)).toStrictEqual({ json, value });
  });
});

describe('R3: a key both as integer and as text has the value of the text', () => {
  // 02 is "type".
  test.each<[string, string, string]>([
    ['the integer first', 'a2 02 01 6474797065 02', '{"type":2}'],
    ['the text first', 'a2 6474797065 02 02 01', '{"type":2}'],
    ['others around, the integer first', 'a4 6161 00 02 820102 03 f6 6474797065 02', '{"a":0,"content":null,"type":2}'],
    ['others around, the text first', 'a4 6474797065 02 6161 00 02 820102 03 f6', '{"type":2,"a":0,"content":null}'],
    ['nested in the member that loses', 'a2 02 a202016474797065 03 6474797065 02', '{"type":2}'],
    ['at every depth', 'a2 02 01 6474797065 a2 02 01 6474797065 05', '{"type":{"type":5}}'],
    ['two pairs', 'a4 02 01 03 02 6474797065 03 67636f6e74656e74 04', '{"type":3,"content":4}'],
    ['the last of one, the first of the other', 'a3 6474797065 03 0402 0201', '{"type":3,"state_key":2}'],
    ['in an indefinite map', 'bf 02 01 6474797065 02 ff', '{"type":2}'],
    ['chunked text', 'a2 02 01 7f 627479 627065 ff 02', '{"type":2}'],
  ])('%s', (_, hex, json) => {
    expect(decodeBoth(hex)).toStrictEqual({ json, value: JSON.parse(json) });
    expect(decodeBoth(hex, { sortKeys: true }).json).toBe(sorted(json));
  });

  test('in a map of many keys', () => {
    const names = [...keyTable(1).integers];
    const integers = names.map(([, integer]) => `${encoded(integer)}00`);
    const texts = names.map(([name, integer]) => encoded(name) + encoded(integer));
    const expected = Object.fromEntries(names);
    for (const members of [[...integers, ...texts], [...texts, ...integers], [...integers, ...texts].sort()]) {
      const { json, value } = decodeBoth(`b8d0${members.join('')}`);
      expect(value).toEqual(expected);
      expect(JSON.parse(json)).toEqual(expected);
    }
  });

  test('the value that loses is read with the same rigour', () => {
    expect(() => decodeBoth('a2 6474797065 02 02 f7')).toThrow('undefined');
    expect(() => decodeValue(fromHex('a2 6474797065 02 02 f7'))).toThrow('undefined');
  });
});

test('R1: every recorded body survives, in its order and byte for byte', () => {
  for (const body of bodies()) {
    const cbor = encodeJson(body, { keys: keyTable(1) });
    expect(toText(decodeToJson(cbor))).toBe(JSON.stringify(JSON.parse(body)));
    expect(decodeValue(cbor)).toEqual(JSON.parse(body));
    expect(toText(decodeToJson(encodeJson(body, { canonical: true }), { sortKeys: true }))).toBe(sorted(body));
  }
});

test('keys keep the order of the wire, even where an object could not', () => {
  expect(decodeBoth('a3 6162 01 613200 613100').json).toBe('{"b":1,"2":0,"1":0}');
});

test('sortKeys orders names by code points, not by their escapes or their UTF-16 units', () => {
  const names = ['', '\u0000', '\n', ' ', '!', '"', 'A', '\\', 'a', 'a"', 'aa', 'é', '\uffff', '𐅑'];
  const json = `{${names.map((name) => `${JSON.stringify(name)}:0`).join(',')}}`;
  const reversed = `{${[...names]
    .reverse()
    .map((name) => `${JSON.stringify(name)}:0`)
    .join(',')}}`;
  expect(toText(decodeToJson(encodeJson(reversed), { sortKeys: true }))).toBe(json);
  expect(toText(decodeToJson(encodeJson(reversed)))).toBe(reversed);
  const { json: mixed } = decodeBoth('a3 6174 01 02 02 6175 a2616201616102', { sortKeys: true });
  expect(mixed).toBe('{"t":1,"type":2,"u":{"a":2,"b":1}}');
});

test('a key named __proto__ is an own member and changes no prototype', () => {
  const value = decodeValue(encodeJson('{"__proto__":{"polluted":true}}'));
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(Object.keys(value as object)).toEqual(['__proto__']);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('integers of every size are written with all their digits', () => {
  for (let digits = 1; digits <= 19; digits++) {
    for (const text of [`1${'0'.repeat(digits - 1)}`, '9'.repeat(digits), '1234567890123456789'.slice(0, digits)]) {
      for (const integer of [text, `-${text}`]) expect(toText(decodeToJson(encodeJson(integer)))).toBe(integer);
    }
  }
});

test('text of every length is kept, plain, escaped and beyond ASCII', () => {
  for (const length of [1, 22, 23, 24, 25, 255, 256, 70_000]) {
    for (const unit of ['a', '"', '\u0001', 'é', '水', '𐅑']) {
      const value = { [unit.repeat(length)]: unit.repeat(length) };
      const cbor = encodeJson(JSON.stringify(value));
      expect(toText(decodeToJson(cbor)) === JSON.stringify(value)).toBe(true);
      expect(JSON.stringify(decodeValue(cbor)) === JSON.stringify(value)).toBe(true);
    }
  }
});

function encoded(value: JsonValue): string {
  return Buffer.from(encodeJson(JSON.stringify(value))).toString('hex');
}

/** JSON text with the keys of every object in order, by another way than ours. */
function sorted(json: string): string {
  return stringify(JSON.parse(json));
}

function stringify(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(stringify).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => Buffer.compare(utf8(a), utf8(b)));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${stringify(member)}`).join(',')}}`;
}
