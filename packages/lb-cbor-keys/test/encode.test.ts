import { describe, expect, test } from 'vitest';
import { decodeValue, encodeJson, encodeValue, type JsonValue, keyTable } from '../src/index.ts';
import { bodies, errorOf, toHex, utf8 } from './support.ts';

const EXAMPLE = {
  type: 'm.room.message',
  content: { msgtype: 'm.text', body: 'Hello World' },
  sender: '@alice:localhost',
  room_id: '!foo:localhost',
  unsigned: { bool_value: true, null_value: null },
};
const EXAMPLE_HEX =
  'a5026e6d2e726f6f6d2e6d65737361676503a2181b6b48656c6c6f20576f726c64181c666d2e74657874056e21666f6f3a6c6f63616c686f73' +
  '74067040616c6963653a6c6f63616c686f737409a26a626f6f6c5f76616c7565f56a6e756c6c5f76616c7565f6';

test("R8: the MSC's example encodes canonically to its hex", () => {
  const options = { keys: keyTable(1), canonical: true };
  expect(toHex(encodeValue(EXAMPLE, options))).toBe(EXAMPLE_HEX);
  expect(toHex(encodeJson(JSON.stringify(EXAMPLE), options))).toBe(EXAMPLE_HEX);
});

/** JSON text, and the CBOR that both encoders give for it. */
describe.each<[string, string]>([
  ['0', '00'],
  ['-0', '00'],
  ['23', '17'],
  ['24', '1818'],
  ['255', '18ff'],
  ['256', '190100'],
  ['65535', '19ffff'],
  ['65536', '1a00010000'],
  ['4294967295', '1affffffff'],
  ['4294967296', '1b0000000100000000'],
  ['1700000000000', '1b0000018bcfe56800'],
  ['9007199254740983', '1b001ffffffffffff7'],
  ['9007199254740991', '1b001fffffffffffff'],
  ['-9007199254740983', '3b001ffffffffffff6'],
  ['-1', '20'],
  ['-24', '37'],
  ['-25', '3818'],
  ['-256', '38ff'],
  ['-257', '390100'],
  ['-9007199254740991', '3b001ffffffffffffe'],
  ['1.0', '01'],
  ['-1.0e2', '3863'],
  ['1E3', '1903e8'],
  ['1e+3', '1903e8'],
  ['100e-2', '01'],
  ['0.0', '00'],
  ['0e99', '00'],
  // A double whose value is an integer within 64 bits, whatever its notation.
  ['1e17', '1b016345785d8a0000'],
  // Half precision, where it is exact (RFC 8949 4.2.1, appendix A).
  ['1.5', 'f93e00'],
  ['-4.1', 'fbc010666666666666'],
  ['5.960464477539063e-8', 'f90001'],
  ['0.00006097555160522461', 'f903ff'],
  ['0.00006103515625', 'f90400'],
  ['-0.00006103515625', 'f98400'],
  ['0.000030517578125', 'f90200'],
  ['5.960464477539064e-8', 'fb3e70000000000001'],
  ['2.9802322387695312e-8', 'fa33000000'],
  ['0.10000000149011612', 'fa3dcccccd'],
  ['0.1', 'fb3fb999999999999a'],
  ['65504.5', 'fa477fe080'],
  ['3.4028234663852886e+38', 'fa7f7fffff'],
  ['1e300', 'fb7e37e43c8800759c'],
  ['5e-324', 'fb0000000000000001'],
  ['1e-999', '00'],
  ['true', 'f5'],
  ['false', 'f4'],
  ['null', 'f6'],
  ['""', '60'],
  ['"a"', '6161'],
  ['"é水𐅑"', '69c3a9e6b0b4f0908591'],
  ['"\\u00e9\\u6c34\\ud800\\udd51"', '69c3a9e6b0b4f0908591'],
  ['"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000"', '69225c2f080c0a0d0900'],
  ['"\\u007f\\u0080\\u07ff\\u0800\\uFFFF"', '6b7fc280dfbfe0a080efbfbf'],
  ['[]', '80'],
  ['[1,[2,3],{}]', '8301820203a0'],
  ['{}', 'a0'],
  ['{"b":1,"a":[2]}', 'a261620161618102'],
  ['{"":0}', 'a16000'],
  ['{"__proto__":{"x":1}}', 'a1695f5f70726f746f5f5fa1617801'],
])('%s', (json, hex) => {
  test(`is ${hex.length > 40 ? `${hex.slice(0, 40)}...` : hex}`, () => {
    expect(toHex(encodeJson(json))).toBe(hex);
    expect(toHex(encodeJson(utf8(json)))).toBe(hex);
    expect(toHex(encodeJson(`\t\r\n ${json} \n`))).toBe(hex);
    expect(toHex(encodeValue(JSON.parse(json)))).toBe(hex);
  });
});

describe('integers beyond 2^53 are exact up to 64 bits', () => {
  test.each<[bigint, string]>([
    [9007199254740992n, '1b0020000000000000'],
    [9007199254740993n, '1b0020000000000001'],
    [12345678901234567890n, '1bab54a98ceb1f0ad2'],
    [18446744073709551615n, '1bffffffffffffffff'],
    [-9007199254740992n, '3b001fffffffffffff'],
    [-9007199254740993n, '3b0020000000000000'],
    [-18446744073709551616n, '3bffffffffffffffff'],
  ])('%s', (integer, hex) => {
    expect(toHex(encodeJson(`${integer}`))).toBe(hex);
    expect(toHex(encodeValue(integer))).toBe(hex);
  });

  test('a bigint that a number could hold is the same integer', () => {
    expect(toHex(encodeValue([5n, -5n, 0n]))).toBe('83052400');
  });

  test.each(['18446744073709551616', '-18446744073709551617', '100000000000000000000', '9'.repeat(400)])(
    '%s is refused',
    (integer) => {
      expect(errorOf(() => encodeJson(`[0, ${integer}]`))).toMatchObject({ reason: 'integer_range', offset: 4 });
      expect(errorOf(() => encodeValue([0, BigInt(integer)]))).toMatchObject({ reason: 'integer_range', offset: 2 });
    },
  );

  test('a number whose text has an exponent is a float beyond them', () => {
    expect(toHex(encodeJson('1e20'))).toBe('fb4415af1d78b58c40');
    expect(toHex(encodeValue(2 ** 64))).toBe('fa5f800000');
  });
});

describe('long text', () => {
  test.each([23, 24, 255, 256, 1023, 1024, 1025, 65535, 65536, 200_000])('of %i characters', (length) => {
    for (const unit of ['a', 'é', '水', '𐅑']) {
      const text = unit.repeat(length);
      const bytes = utf8(text).length;
      const cbor = encodeValue(text);
      expect(cbor.length).toBe(bytes + (bytes < 24 ? 1 : bytes < 256 ? 2 : bytes < 65536 ? 3 : 5));
      expect(toHex(encodeJson(JSON.stringify(text))) === toHex(cbor)).toBe(true);
      const escaped = [...text].map((letter) => escapeAll(letter)).join('');
      expect(toHex(encodeJson(`"${escaped}"`)) === toHex(cbor)).toBe(true);
    }
  });
});

test.each<[number, string]>([
  [23, '97 b7'],
  [24, '9818 b818'],
  [255, '98ff b8ff'],
  [256, '990100 b90100'],
  [65535, '99ffff b9ffff'],
  [65536, '9a00010000 ba00010000'],
])('the head of an array or map of %i items', (count, heads) => {
  const items = Array.from({ length: count }, (_, i) => i);
  const object = Object.fromEntries(items.map((i) => [`k${i}`, i]));
  for (const [i, value] of [items, object].entries()) {
    const cbor = encodeJson(JSON.stringify(value));
    expect(toHex(cbor).startsWith(heads.split(' ')[i]!)).toBe(true);
    expect(Buffer.compare(encodeValue(value), cbor)).toBe(0);
    expect(decodeValue(cbor)).toEqual(value);
  }
});

test('keys keep the order they have, and the canonical order is by length first', () => {
  const json = '{"bb":1,"c":2,"type":3,"a":4,"error":5,"body":6,"d":7}';
  const wire = encodeJson(json, { keys: keyTable(1) });
  expect(toHex(wire)).toBe('a7626262016163020203616104186705181b06616407');
  expect(encodeValue(JSON.parse(json), { keys: keyTable(1) })).toEqual(wire);
  const canonical = encodeJson(json, { keys: keyTable(1), canonical: true });
  // 02, then the two-byte keys: 18 1b, 18 67, 61 61, 61 63, 61 64; then 62 62 62.
  expect(toHex(canonical)).toBe('a70203181b0618670561610461630261640762626201');
  expect(encodeValue(JSON.parse(json), { keys: keyTable(1), canonical: true })).toEqual(canonical);
});

describe('a key twice in JSON: the last one counts, as in JSON.parse', () => {
  test.each<[string, string]>([
    ['{"a":1,"a":2}', 'a1616102'],
    ['{"a":{"a":[1,2,3]},"b":1,"a":2}', 'a2616201616102'],
    ['{"a":1,"\\u0061":2,"a":3}', 'a1616103'],
    ['{"type":1,"b":1,"type":2}', 'a26162010202'],
    ['{"__proto__":1,"__proto__":2}', 'a1695f5f70726f746f5f5f02'],
    ['[{"a":1,"a":2},{"a":1,"b":{"c":1,"c":2}}]', '82a1616102a26161016162a1616302'],
  ])('%s', (json, hex) => {
    expect(toHex(encodeJson(json, { keys: keyTable(1) }))).toBe(hex);
  });

  test('in an object of many keys', () => {
    const names = Array.from({ length: 1000 }, (_, i) => `k${i}`);
    const members = [...names, ...names.slice(100, 300)].map((name, i) => `"${name}":${i}`);
    const json = `{${members.join(',')}}`;
    const expected: [string, number][] = Object.entries(JSON.parse(json));
    // The later ones stand where they came, at the end.
    expected.sort(([, a], [, b]) => a - b);
    expect(encodeJson(json)).toEqual(encodeValue(Object.fromEntries(expected)));
    expect(encodeJson(json, { canonical: true })).toEqual(encodeValue(JSON.parse(json), { canonical: true }));
  });

  test('a great many take no quadratic time', () => {
    const json = `{${Array(200_000).fill('"a":0').join(',')}}`;
    expect(toHex(encodeJson(json))).toBe('a1616100');
  });
});

describe('text that is not JSON', () => {
  test.each<[string, string, number]>([
    ['', 'truncated', 0],
    [' \n', 'truncated', 2],
    ['{', 'truncated', 1],
    ['{"a"', 'truncated', 4],
    ['{"a":', 'truncated', 5],
    ['{"a":1', 'truncated', 6],
    ['{"a":1,', 'truncated', 7],
    ['[', 'truncated', 1],
    ['[1', 'truncated', 2],
    ['"abc', 'truncated', 4],
    ['"\\', 'truncated', 2],
    ['"\\u12', 'truncated', 5],
    ['tru', 'truncated', 3],
    ['-', 'truncated', 1],
    ['1.', 'truncated', 2],
    ['1e', 'truncated', 2],
    ['1e+', 'truncated', 3],
    ['{"a":1,}', 'invalid_json', 7],
    ['{a:1}', 'invalid_json', 1],
    ["{'a':1}", 'invalid_json', 1],
    ['{1:1}', 'invalid_json', 1],
    ['{"a" 1}', 'invalid_json', 5],
    ['{"a":1 "b":2}', 'invalid_json', 7],
    ['{"a":1]', 'invalid_json', 6],
    ['[1,]', 'invalid_json', 3],
    ['[,1]', 'invalid_json', 1],
    ['[1 2]', 'invalid_json', 3],
    ['[1}', 'invalid_json', 2],
    [']', 'invalid_json', 0],
    ['nul!', 'invalid_json', 3],
    ['True', 'invalid_json', 0],
    ['undefined', 'invalid_json', 0],
    ['NaN', 'invalid_json', 0],
    ['Infinity', 'invalid_json', 0],
    ['-Infinity', 'invalid_json', 1],
    ['+1', 'invalid_json', 0],
    ['.5', 'invalid_json', 0],
    ['01', 'invalid_json', 1],
    ['-01', 'invalid_json', 2],
    ['00', 'invalid_json', 1],
    ['0x10', 'trailing_bytes', 1],
    ['1.e5', 'invalid_json', 2],
    ['1e5.5', 'trailing_bytes', 3],
    ['--1', 'invalid_json', 1],
    ['"\\x41"', 'invalid_json', 2],
    ['"\\u12g4"', 'invalid_json', 5],
    ['"\\U0041"', 'invalid_json', 2],
    ['"a\nb"', 'invalid_json', 2],
    ['"a\tb"', 'invalid_json', 2],
    ['"\u0000"', 'invalid_json', 1],
    ["'a'", 'invalid_json', 0],
    ['/**/1', 'invalid_json', 0],
    ['\ufeff1', 'invalid_json', 0],
    ['\u00a01', 'invalid_json', 0],
    ['1 2', 'trailing_bytes', 2],
    ['{}}', 'trailing_bytes', 2],
    ['null\u0000', 'trailing_bytes', 4],
  ])('%j', (json, reason, offset) => {
    expect(() => JSON.parse(json)).toThrow();
    expect(errorOf(() => encodeJson(json))).toMatchObject({ code: 'malformed', reason, offset });
  });

  test('JSON with a number that no double holds is refused', () => {
    expect(errorOf(() => encodeJson('[1e999]'))).toMatchObject({ code: 'refused', reason: 'infinity', offset: 1 });
  });

  test.each<[string, number[], string]>([
    ['a lone tail byte', [0x80], 'invalid_utf8'],
    ['an overlong slash', [0xc0, 0xaf], 'invalid_utf8'],
    ['an overlong three-byte form', [0xe0, 0x80, 0xaf], 'invalid_utf8'],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], 'invalid_utf8'],
    ['a sequence cut off by the quote', [0xe6, 0xb0], 'invalid_utf8'],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80], 'lone_surrogate'],
  ])('bytes that are not UTF-8: %s', (_, bytes, reason) => {
    const json = Uint8Array.of(0x5b, 0x22, ...bytes, 0x22, 0x5d);
    expect(errorOf(() => encodeJson(json))).toMatchObject({ reason, offset: 2 });
  });
});

describe('lone surrogates are refused', () => {
  test.each(['"\\ud800"', '"\\udc00"', '"\\ud800\\ud800"', '"\\ud800x"', '"\\ud800\\n"', '"\\udc00\\ud800"'])(
    'as the escape %s',
    (json) => {
      expect(errorOf(() => encodeJson(json))).toMatchObject({ code: 'refused', reason: 'lone_surrogate' });
      expect(errorOf(() => encodeValue(JSON.parse(json)))).toMatchObject({ code: 'refused', reason: 'lone_surrogate' });
    },
  );

  test('in a string of JSON text, at their offset in UTF-8', () => {
    expect(errorOf(() => encodeJson('"é\ud800"'))).toMatchObject({ reason: 'lone_surrogate', offset: 3 });
  });

  test.each([1, 30, 2000])('in a value, with %i characters before', (count) => {
    for (const lone of ['\ud800', '\udc00', '\ud800a', 'é\udfff', '\udc00\ud800']) {
      expect(errorOf(() => encodeValue('a'.repeat(count) + lone)).reason).toBe('lone_surrogate');
      expect(errorOf(() => encodeValue({ ['a'.repeat(count) + lone]: 1 })).reason).toBe('lone_surrogate');
    }
  });

  test('while U+FFFD itself passes', () => {
    expect(toHex(encodeValue('\ufffd'))).toBe('63efbfbd');
    expect(toHex(encodeValue(`${'\ufffd'.repeat(30)}`))).toBe(`785a${'efbfbd'.repeat(30)}`);
  });
});

describe('values that are not JSON', () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  test.each<[string, unknown, string, number]>([
    ['undefined', undefined, 'not_json', 0],
    ['an undefined member', { a: undefined }, 'not_json', 3],
    ['a hole in an array', new Array(1), 'not_json', 1],
    ['a function', () => 1, 'not_json', 0],
    ['a symbol', Symbol('s'), 'not_json', 0],
    ['a Date', [new Date(0)], 'not_json', 1],
    ['a Map', new Map([[1, 2]]), 'not_json', 0],
    ['bytes', Uint8Array.of(1), 'not_json', 0],
    ['a boxed string', Object('x'), 'not_json', 0],
    ['NaN', [Number.NaN], 'nan', 1],
    ['Infinity', Number.POSITIVE_INFINITY, 'infinity', 0],
    ['a cycle', cycle, 'too_deep', 128],
  ])('%s', (_, value, reason, offset) => {
    expect(errorOf(() => encodeValue(value as JsonValue))).toMatchObject({ reason, offset });
  });

  test('an object without a prototype is one', () => {
    expect(toHex(encodeValue(Object.assign(Object.create(null), { a: 1 })))).toBe('a1616101');
  });
});

test('a key named __proto__ is written like any other', () => {
  const value: JsonValue = JSON.parse('{"__proto__":1}');
  expect(toHex(encodeValue(value))).toBe('a1695f5f70726f746f5f5f01');
});

test('the two encoders agree on every recorded body', () => {
  for (const canonical of [false, true]) {
    for (const body of bodies()) {
      const options = { keys: keyTable(1), canonical };
      expect(toHex(encodeJson(body, options)) === toHex(encodeValue(JSON.parse(body), options))).toBe(true);
    }
  }
});

test('results are copies that later calls leave alone, without bytes to spare', () => {
  const first = encodeJson('"first"');
  encodeJson('"other"');
  expect(toHex(first)).toBe('656669727374');
  expect(first.buffer.byteLength).toBe(first.length);
});

/** Every UTF-16 unit as an escape. */
function escapeAll(text: string): string {
  return Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join(
    '',
  );
}
