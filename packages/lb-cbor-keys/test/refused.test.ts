import { describe, expect, test, vi } from 'vitest';
import { decodeToJson, decodeValue, encodeJson, encodeValue, type JsonValue } from '../src/index.ts';
import { errorOf, fromHex, utf8 } from './support.ts';

/** The error of both decoders, which must be the same one. */
function refusal(hex: string): { code: string; reason: string; offset: number } {
  const json = errorOf(() => decodeToJson(fromHex(hex)));
  const value = errorOf(() => decodeValue(fromHex(hex)));
  const error = { code: value.code, reason: value.reason, offset: value.offset };
  expect({ code: json.code, reason: json.reason, offset: json.offset }).toEqual(error);
  return error;
}

describe.each<[string, string, [name: string, hex: string, offset: number][]]>([
  [
    'malformed',
    'truncated',
    [
      ['nothing at all', '', 0],
      ['a head without its argument', '18', 1],
      ['half of a 16-bit argument', '1903', 1],
      ['half of a 32-bit argument', '1a000000', 1],
      ['half of a 64-bit argument', '1b00000000000000', 5],
      ['a half float', 'f93c', 1],
      ['a single float', 'fa000000', 1],
      ['a double float', 'fb3ff19999999999', 5],
      ['text', '6261', 0],
      ['an array without its items', '8201', 0],
      ['an array without its last item', '826161', 3],
      ['a map without its members', 'a1', 0],
      ['a map of two members in two bytes', 'a20201', 0],
      ['a map without a value', 'a16161', 3],
      ['an indefinite array without its break', '9f01', 2],
      ['an indefinite map without its break', 'bf616101', 4],
      ['an indefinite text without its break', '7f6161', 3],
      ['an indefinite text in the middle of a chunk', '7f62', 1],
      ['a tag without its value', 'd9d9f7', 3],
      ['a tag without its number', '81d9d9', 2],
    ],
  ],
  [
    'malformed',
    'trailing_bytes',
    [
      ['a second value', '0000', 1],
      ['a break', '80ff', 1],
      ['behind a map', 'a161610000', 4],
    ],
  ],
  [
    'malformed',
    'reserved_length',
    [
      ['28 in an integer', '1c', 0],
      ['29 in a negative integer', '813d', 1],
      ['30 in a text', '7e', 0],
      ['28 in a byte string', '5c', 0],
      ['29 in an array', '9d', 0],
      ['30 in a map', 'be', 0],
      ['28 in a tag', 'dc', 0],
      ['29 in major type 7', 'fd', 0],
      ['31 in an integer', '1f', 0],
      ['31 in a negative integer', '3f', 0],
      ['31 in a tag', 'df', 0],
      ['28 in a key', 'a17c00', 1],
      ['31 in an integer key', 'a11f00', 1],
    ],
  ],
  [
    'malformed',
    'unexpected_break',
    [
      ['alone', 'ff', 0],
      ['in an array of known length', '82ff01', 1],
      ['in place of a key', 'a1ff01', 1],
      ['in place of a value', 'a16161ff', 3],
      ['in place of a value in an indefinite map', 'bf6161ff', 3],
      ['behind a tag', '81d9d9f7ff', 4],
    ],
  ],
  [
    'malformed',
    'invalid_chunk',
    [
      ['an integer', '7f00ff', 1],
      ['bytes', '7f4161ff', 1],
      ['indefinite text', '7f7fffff', 1],
      ['a tag', '7f6161c06161ff', 3],
      ['an array', 'a17f80ff01', 2],
    ],
  ],
  [
    'malformed',
    'invalid_utf8',
    [
      ['a lone tail byte', '6180', 1],
      ['0xff', '61ff', 1],
      ['an overlong two-byte form', '62c1bf', 1],
      ['an overlong three-byte form', '63e09fbf', 1],
      ['an overlong four-byte form', '64f08fbfbf', 1],
      ['beyond U+10FFFF', '64f4908080', 1],
      ['0xf5', '64f5808080', 1],
      ['a two-byte sequence cut off', '6261c3', 2],
      ['a three-byte sequence cut off', '62e6b0', 1],
      ['a four-byte sequence cut off', '63f09085', 1],
      ['a two-byte sequence without its tail', '62c341', 1],
      ['a three-byte sequence without its last', '63e6b041', 1],
      ['a four-byte sequence without its last', '64f0908541', 1],
      ['a sequence across two chunks', '7f61c361bcff', 2],
      ['in a key', 'a161ff00', 2],
      ['after a long text', `781e${'61'.repeat(29)}ff`, 31],
    ],
  ],
  [
    'refused',
    'lone_surrogate',
    [
      ['the first half', '63eda080', 1],
      ['the second half', '63edbfbf', 1],
      ['a pair, each as three bytes', '66eda081edb080', 1],
      ['in a key', 'a163eda08000', 2],
    ],
  ],
  [
    'refused',
    'nan',
    [
      ['half', 'f97e00', 0],
      ['single', 'fa7fc00000', 0],
      ['double', 'fb7ff8000000000000', 0],
      ['with a payload', '81f97c01', 1],
      ['negative', 'f9fe00', 0],
    ],
  ],
  [
    'refused',
    'infinity',
    [
      ['half', 'f97c00', 0],
      ['negative half', 'f9fc00', 0],
      ['single', 'fa7f800000', 0],
      ['double', '81fbfff0000000000000', 1],
    ],
  ],
  [
    'refused',
    'undefined',
    [
      ['alone', 'f7', 0],
      ['as a value', 'a16161f7', 3],
    ],
  ],
  [
    'refused',
    'simple_value',
    [
      ['unassigned, one byte', 'f0', 0],
      ['unassigned, 0', 'e0', 0],
      ['reserved, in two bytes', 'f814', 0],
      ['unassigned, in two bytes', '81f8ff', 1],
      ['true in two bytes', 'f815', 0],
    ],
  ],
  [
    'refused',
    'byte_string',
    [
      ['empty', '40', 0],
      ['the one that ended the original', 'a1616143010203', 3],
      ['indefinite', '5f4101ff', 0],
      ['longer than the input', '5b7fffffffffffffff', 0],
    ],
  ],
  [
    'refused',
    'tag',
    [
      ['a date as text', 'c074323031332d30332d32315432303a30343a30305a', 0],
      ['an epoch date', '81c11a514b67b0', 1],
      ['a decimal fraction', 'c48221196ab3', 0],
      ['base64 to be', 'd64401020304', 0],
      ['embedded CBOR', 'd818456449455446', 0],
      ['a set', 'd9010283010203', 0],
      ['a shared value', 'd81c80', 0],
      ['a record of cbor-x', 'd9dfff83010203', 0],
      ['a tag of 64 bits', 'dbffffffffffffffff00', 0],
      ['behind 55799', 'd9d9f7c100', 3],
      ['around 55799', 'c1d9d9f700', 0],
    ],
  ],
  [
    'refused',
    'bignum',
    [
      ['positive', 'c249010000000000000000', 0],
      ['negative', '81c349010000000000000000', 1],
      ['as a value of one byte', 'c24101', 0],
    ],
  ],
  [
    'refused',
    'key_type',
    [
      ['bytes', 'a1416101', 1],
      ['an array', 'a18001', 1],
      ['a map', 'a1a001', 1],
      ['a float', 'a1f93c0001', 1],
      ['true', 'a1f501', 1],
      ['null', 'bff601ff', 1],
      ['undefined', 'a1f701', 1],
      ['a tagged text', 'a1d9d9f7616101', 1],
      ['a bignum', 'a1c2410101', 1],
    ],
  ],
  [
    'refused',
    'unknown_integer_key',
    [
      ['0', 'a10001', 1],
      ['one more than the table has', 'a20201186901', 3],
      ['negative', 'a12001', 1],
      ['of 32 bits', 'a11affffffff01', 1],
      ['of 64 bits', 'a11bffffffffffffffff01', 1],
      ['of 64 bits, negative', 'a13bffffffffffffffff01', 1],
    ],
  ],
  [
    'refused',
    'duplicate_key',
    [
      ['text', 'a2616101616102', 4],
      ['text, in chunks', 'a2626162017f61616162ff02', 5],
      ['the integer', 'a202010202', 3],
      ['the integer in another form', 'a20201180202', 3],
      ['__proto__', 'a2695f5f70726f746f5f5f01695f5f70726f746f5f5f01', 12],
      ['the empty text', 'a260016001', 3],
      ['in an indefinite map', 'bf616101616102ff', 4],
      ['text after the integer and the text', 'a30201647479706502647479706503', 9],
      ['the integer around the text', 'a302016474797065020203', 9],
      ['the text around the integer', 'a36474797065020203647479706503', 9],
      ['in the member that loses', 'a202a2616101616102647479706501', 6],
    ],
  ],
])('%s: %s', (code, reason, cases) => {
  test.each(cases)('%s', (_, hex, offset) => {
    expect(refusal(hex)).toEqual({ code, reason, offset });
  });
});

test('a key twice among many is found', () => {
  const names = Array.from({ length: 500 }, (_, i) => `6${`k${i}`.length}${Buffer.from(`k${i}`).toString('hex')}00`);
  expect(() => decodeToJson(fromHex(`b901f4${names.join('')}`))).not.toThrow();
  expect(refusal(`b901f5${names.join('')}${names[123]}`).reason).toBe('duplicate_key');
  expect(refusal(`b901f5${names[499]}${names.join('')}`).reason).toBe('duplicate_key');
});

describe('depth', () => {
  const nested: [string, (depth: number) => string][] = [
    ['arrays', (depth) => `${'81'.repeat(depth - 1)}80`],
    ['indefinite arrays', (depth) => '9f'.repeat(depth) + 'ff'.repeat(depth)],
    ['maps', (depth) => `${'a16161'.repeat(depth - 1)}a0`],
    ['tagged arrays', (depth) => `${'d9d9f781'.repeat(depth - 1)}80`],
  ];

  test.each(nested)('%s: 128 deep pass, 129 do not', (_, make) => {
    expect(() => decodeToJson(fromHex(make(128)))).not.toThrow();
    expect(() => decodeValue(fromHex(make(128)))).not.toThrow();
    expect(refusal(make(129))).toMatchObject({ code: 'limit', reason: 'too_deep' });
    expect(refusal(make(200_000))).toMatchObject({ code: 'limit', reason: 'too_deep' });
  });

  test('JSON text and values have the same limit', () => {
    const json = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    for (const encode of [(text: string) => encodeJson(text), (text: string) => encodeValue(JSON.parse(text))]) {
      expect(encode(json(128)).length).toBe(128);
      expect(errorOf(() => encode(json(129)))).toMatchObject({ reason: 'too_deep', offset: 128 });
    }
    expect(errorOf(() => encodeJson('{"a":'.repeat(100_000))).reason).toBe('too_deep');
  });

  test('it is an option', () => {
    expect(decodeValue(fromHex('81f6'), { maxDepth: 1 })).toEqual([null]);
    expect(errorOf(() => decodeValue(fromHex('8180'), { maxDepth: 1 }))).toMatchObject({
      reason: 'too_deep',
      offset: 1,
    });
    const deepest = fromHex(`${'81'.repeat(1023)}80`);
    expect(() => decodeValue(deepest, { maxDepth: 1024 })).not.toThrow();
    expect(() => decodeToJson(deepest, { maxDepth: 1024 })).not.toThrow();
  });

  test('a million tags in a row are no depth', () => {
    const tags = new Uint8Array(3_000_001);
    for (let at = 0; at < 3_000_000; at += 3) tags.set([0xd9, 0xd9, 0xf7], at);
    expect(decodeValue(tags)).toBe(0);
  });
});

describe('size', () => {
  const limited = { maxBytes: 10 };

  test('an input of maxBytes passes, a longer one does not', () => {
    expect(decodeValue(fromHex('69616161616161616161'), limited)).toBe('aaaaaaaaa');
    const error = { code: 'limit', reason: 'too_large', offset: 10 };
    expect(errorOf(() => decodeValue(new Uint8Array(11), limited))).toMatchObject(error);
    expect(errorOf(() => decodeToJson(new Uint8Array(11), limited))).toMatchObject(error);
    expect(encodeJson('"aaaaaaaa"', limited)).toHaveLength(9);
    expect(errorOf(() => encodeJson('"aaaaaaaaa"', limited))).toMatchObject(error);
  });

  test('so is it with the output', () => {
    expect(decodeToJson(fromHex('686161616161616161'), limited)).toHaveLength(10);
    const error = { code: 'limit', reason: 'too_large', offset: 10 };
    expect(errorOf(() => decodeToJson(fromHex('69616161616161616161'), limited))).toMatchObject(error);
    expect(encodeValue('aaaaaaaaa', limited)).toHaveLength(10);
    expect(errorOf(() => encodeValue('aaaaaaaaaa', limited))).toMatchObject(error);
  });

  test('an output of exactly maxBytes passes, though writers make room for the worst', () => {
    const strings: JsonValue = Array(400).fill(`${'a'.repeat(1000)}\n`);
    const cbor = encodeValue(strings);
    const json = utf8(JSON.stringify(strings));
    expect(encodeValue(strings, { maxBytes: cbor.length })).toHaveLength(cbor.length);
    expect(decodeToJson(cbor, { maxBytes: json.length })).toHaveLength(json.length);
    expect(errorOf(() => encodeValue(strings, { maxBytes: cbor.length - 1 })).reason).toBe('too_large');
    expect(errorOf(() => decodeToJson(cbor, { maxBytes: json.length - 1 })).reason).toBe('too_large');
  });

  test('an output that grows far beyond the limit stops growing', () => {
    const maxBytes = 100_000;
    // One byte of CBOR is six of JSON.
    const cbor = encodeValue('\u0001'.repeat(90_000));
    expect(errorOf(() => decodeToJson(cbor, { maxBytes }))).toMatchObject({ reason: 'too_large', offset: maxBytes });
    const array: JsonValue = Array(60_000).fill('aa');
    expect(errorOf(() => encodeValue(array, { maxBytes }))).toMatchObject({ reason: 'too_large', offset: maxBytes });
  });

  test("options out of range are the caller's mistake", () => {
    for (const options of [
      { maxDepth: 0 },
      { maxDepth: 1025 },
      { maxDepth: 1.5 },
      { maxBytes: 0 },
      { maxBytes: 2 ** 31 },
    ]) {
      expect(errorOf(() => decodeValue(fromHex('00'), options))).toMatchObject({
        code: 'invalid_argument',
        reason: 'option_range',
      });
    }
  });
});

describe('huge declared lengths allocate nothing', () => {
  const lengths = ['1affffffff', '1a04000000', '1b0000000100000000', '1b7fffffffffffffff', '1bffffffffffffffff'];
  const heads = lengths.flatMap((length) =>
    [0x60, 0x80, 0xa0].map((major) => (Number.parseInt(length.slice(0, 2), 16) | major).toString(16) + length.slice(2)),
  );

  test.each([...heads, ...heads.map((head) => `81${head}`), ...heads.map((head) => `7f${head}`)])('%s', (hex) => {
    const cbor = fromHex(`${hex}00000000`);
    const sizes: number[] = [];
    // Typed arrays and `new Array(n)` are the only ways to make room ahead.
    for (const name of ['Uint8Array', 'Int32Array', 'Array', 'ArrayBuffer'] as const) {
      const original = globalThis[name];
      vi.stubGlobal(
        name,
        new Proxy(original, {
          construct(target, args, newTarget) {
            if (typeof args[0] === 'number') sizes.push(args[0]);
            return Reflect.construct(target, args, newTarget);
          },
        }),
      );
    }
    let reasons: string[];
    try {
      reasons = [() => decodeValue(cbor), () => decodeToJson(cbor)].map((decode) => {
        try {
          decode();
          return 'nothing';
        } catch (error) {
          return (error as { reason: string }).reason;
        }
      });
    } finally {
      vi.unstubAllGlobals();
    }
    for (const reason of reasons)
      expect(reason).toBe(hex.startsWith('7f') && !/^7f[67]/.test(hex) ? 'invalid_chunk' : 'truncated');
    expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(4096);
    expect(sizes.length).toBeGreaterThan(0);
  });
});
