import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeToJson, decodeValue, encodeJson, encodeValue, type KeyTable, keyTable } from '../src/index.ts';
import v2 from '../src/tables/v2.json' with { type: 'json' };
import { fromHex, toHex, toText } from './support.ts';

const appendixA = [
  ...readFileSync(new URL('fixtures/msc3079-appendix-a.md', import.meta.url), 'utf8').matchAll(
    /^\|(\S+?)\| *(\d+)\|$/gm,
  ),
].map(([, name, integer]) => [name!, Number(integer)] as const);

describe('R2: table version 1', () => {
  test('is Appendix A, all 104 entries of it', () => {
    expect(appendixA).toHaveLength(104);
    expect([...keyTable(1).integers]).toEqual(appendixA);
    expect(keyTable(1).version).toBe(1);
  });

  test('reads both ways', () => {
    expect([...keyTable(1).names]).toEqual(appendixA.map(([name, integer]) => [integer, name]));
  });

  test('is understood without being asked for, and written only when asked for', () => {
    const cbor = encodeJson('{"type":"m"}', { keys: keyTable(1) });
    expect(toHex(cbor)).toBe('a102616d');
    expect(toHex(encodeJson('{"type":"m"}'))).toBe('a16474797065616d');
    expect(decodeValue(cbor)).toEqual({ type: 'm' });
  });

  test.each(appendixA)('%s is %i in both encoders and both decoders', (name, integer) => {
    const value = { [name]: { [name]: [{ [name]: name }] } };
    const json = JSON.stringify(value);
    const cbor = encodeJson(json, { keys: keyTable(1) });
    const head = integer < 24 ? toHex(Uint8Array.of(integer)) : toHex(Uint8Array.of(0x18, integer));
    expect(toHex(cbor).startsWith(`a1${head}a1${head}81a1${head}`)).toBe(true);
    expect(encodeValue(value, { keys: keyTable(1) })).toEqual(cbor);
    expect(toText(decodeToJson(cbor))).toBe(json);
    expect(decodeValue(cbor)).toEqual(value);
  });
});

describe('table version 2', () => {
  const appended = Object.entries(v2.appended).map(([integer, name]) => [Number(integer), name] as const);
  /** Bytes of an integer's encoding, 1 or 2. */
  const size = (integer: number): number => encodeValue(integer).length;

  test('appends 392 integers of at most two bytes to version 1, which stays as it is', () => {
    expect(keyTable(2).version).toBe(2);
    expect(appended).toHaveLength(392);
    for (const [name, integer] of appendixA) expect(keyTable(2).names.get(integer)).toBe(name);
    for (const [integer, name] of appended) {
      expect(keyTable(1).names.has(integer)).toBe(false);
      expect(keyTable(2).names.get(integer)).toBe(name);
      expect(size(integer)).toBeLessThanOrEqual(2);
    }
    expect(keyTable(2).names.size).toBe(104 + 392);
  });

  test('writes the shortest of the integers that a name has, and reads all of them', () => {
    const { names, integers } = keyTable(2);
    for (const [integer, name] of names) {
      const written = integers.get(name)!;
      expect(size(written)).toBe(Math.min(...[...names].filter(([, other]) => other === name).map(([i]) => size(i))));
      const cbor = Uint8Array.of(0xa1, ...encodeValue(integer), 0xf6);
      expect(decodeValue(cbor, { keys: keyTable(2) })).toEqual({ [name]: null });
      expect(toText(decodeToJson(cbor, { keys: keyTable(2) }))).toBe(JSON.stringify({ [name]: null }));
      const own = Uint8Array.of(0xa1, ...encodeValue(written), 0xf6);
      expect(encodeValue({ [name]: null }, { keys: keyTable(2) })).toEqual(own);
      expect(encodeJson(JSON.stringify({ [name]: null }), { keys: keyTable(2) })).toEqual(own);
    }
    expect(integers.get('body')).toBe(-13);
    expect(integers.get('membership')).toBe(0);
    expect(integers.get('type')).toBe(2);
  });

  test('two integers of one name in one map are the same key twice', () => {
    for (const decode of [decodeValue, decodeToJson]) {
      expect(() => decode(fromHex('a2 2c01 181b02'), { keys: keyTable(2) })).toThrow(/same key twice/);
    }
  });

  test('is refused by who knows version 1 alone', () => {
    const cbor = encodeJson('{"body":"b"}', { keys: keyTable(2) });
    expect(toHex(cbor)).toBe('a12c6162');
    expect(() => decodeToJson(cbor)).toThrow(/integer key/);
    expect(() => decodeValue(cbor)).toThrow(/integer key/);
  });
});

test('a version that is not known here is undefined', () => {
  expect(keyTable(0)).toBeUndefined();
  expect(keyTable(3)).toBeUndefined();
  expect(keyTable(1.5)).toBeUndefined();
});

test('R4: a string of digits is a string, as key and as value', () => {
  const cbor = encodeJson('{"8":"8"}', { keys: keyTable(1) });
  expect(toHex(cbor)).toBe('a161386138');
  expect(toText(decodeToJson(cbor))).toBe('{"8":"8"}');
  expect(decodeValue(cbor)).toEqual({ 8: '8' });
});

test('an escaped name finds its integer too', () => {
  expect(toHex(encodeJson('{"\\u0074ype":1,"\\u0074ypo":2}', { keys: keyTable(1) }))).toBe('a20201647479706f02');
});

test('an integer key in a longer form than needed is the same key', () => {
  for (const form of ['02', '1802', '190002', '1a00000002', '1b0000000000000002']) {
    expect(decodeValue(fromHex(`a1${form}f6`))).toEqual({ type: null });
    expect(toText(decodeToJson(fromHex(`a1${form}f6`)))).toBe('{"type":null}');
  }
});

test('a table of one own is used for what it holds: negative integers, names that need escapes, colliding names', () => {
  const pairs: [string, number][] = [
    ['plain', -1],
    ['"\\\n', -240],
    ['é', 300],
    ['abcd', 70_000],
    ['abed', 24],
    ['', 0],
  ];
  const table: KeyTable = {
    version: 9,
    integers: new Map(pairs),
    names: new Map(pairs.map(([name, integer]) => [integer, name])),
  };
  const value = Object.fromEntries(pairs.map(([name]) => [name, name]));
  const cbor = encodeValue(value, { keys: table });
  expect(toHex(cbor).startsWith('a62065706c61696e38ef')).toBe(true);
  expect(encodeJson(JSON.stringify(value), { keys: table })).toEqual(cbor);
  expect(decodeValue(cbor, { keys: table })).toEqual(value);
  expect(toText(decodeToJson(cbor, { keys: table }))).toBe(JSON.stringify(value));
});

describe('R27: whether integer keys were there', () => {
  const calls = (hex: string): [number, number] => {
    let value = 0;
    let json = 0;
    decodeValue(fromHex(hex), { onIntegerKeys: () => void value++ });
    decodeToJson(fromHex(hex), { onIntegerKeys: () => void json++ });
    return [value, json];
  };

  test('is told once, however many and however deep', () => {
    expect(calls('a202a10301 0401')).toEqual([1, 1]);
    expect(calls('82 01 81a10201')).toEqual([1, 1]);
  });

  test('is not told for integer values and for keys of digits', () => {
    expect(calls('8201a1613202')).toEqual([0, 0]);
  });

  test('is not told of what is refused', () => {
    let told = false;
    const onIntegerKeys = (): void => {
      told = true;
    };
    expect(() => decodeValue(fromHex('a102f7'), { onIntegerKeys })).toThrow();
    expect(() => decodeToJson(fromHex('a1020100'), { onIntegerKeys })).toThrow();
    expect(told).toBe(false);
  });

  test('may use the decoders in the call', () => {
    const inner: string[] = [];
    const cbor = fromHex('a102a10301');
    const json = decodeToJson(cbor, { onIntegerKeys: () => inner.push(toText(decodeToJson(cbor))) });
    expect([toText(json), ...inner]).toEqual(['{"type":{"content":1}}', '{"type":{"content":1}}']);
  });
});
