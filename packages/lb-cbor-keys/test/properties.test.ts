import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CborError,
  decodeToJson,
  decodeValue,
  type EncodeOptions,
  encodeJson,
  encodeValue,
  type JsonValue,
  keyTable,
} from '../src/index.ts';
import { asParsed, bodies, parseJson, SEED, toHex, toText, utf8 } from './support.ts';

const keys = keyTable(1);
const text = fc.string({
  unit: fc.oneof(fc.constantFrom('"', '\\', '\n', '\u0000'), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
});
const name = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...keys.integers.keys()) },
  { weight: 1, arbitrary: text },
  fc.constant('__proto__'),
  fc.nat(30).map(String),
);
const integer = fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }).map((value) => narrow(value));
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
);

/** Any value that this package can express, in which a number is a bigint exactly if it is an integer beyond 2^53 - 1. */
const { value: json } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    number.map((value) => settle(value)),
    integer,
    text,
    fc.array(tie('value'), { maxLength: 30 }),
    fc.uniqueArray(fc.tuple(name, tie('value')), { selector: ([key]) => key, maxLength: 30 }).map(fromEntries),
  ),
}));
const options = fc.record({ withKeys: fc.boolean(), canonical: fc.boolean() });
const asOptions = ({ withKeys = false, canonical = false }): EncodeOptions => ({
  keys: withKeys ? keys : undefined,
  canonical,
});
const run = (numRuns: number): fc.Parameters<unknown> => ({ seed: SEED, numRuns });

test('R1: any value survives encodeValue and decodeValue', () => {
  fc.assert(
    fc.property(json, options, (value, how) => {
      expect(decodeValue(encodeValue(value, asOptions(how)))).toStrictEqual(value);
    }),
    run(2000),
  );
});

test('R1: any JSON text survives encodeJson and decodeToJson, digit by digit', () => {
  fc.assert(
    fc.property(json, fc.boolean(), (value, withKeys) => {
      const plain = write(value);
      expect(toText(decodeToJson(encodeJson(plain, asOptions({ withKeys }))))).toBe(plain);
    }),
    run(2000),
  );
});

test('the encoders give the same bytes, as do text and bytes, with white space or without', () => {
  fc.assert(
    fc.property(json, options, (value, flags) => {
      const how = asOptions(flags);
      const plain = write(value);
      const cbor = toHex(encodeValue(value, how));
      expect(toHex(encodeJson(plain, how))).toBe(cbor);
      expect(toHex(encodeJson(utf8(plain), how))).toBe(cbor);
      // Spaces around every token outside of strings.
      const spaced = plain.replace(/"(?:[^"\\]|\\.)*"|[[\]{},:]/gs, (token) => ` \n${token}\t\r`);
      expect(toHex(encodeJson(spaced, how))).toBe(cbor);
    }),
    run(1000),
  );
});

test('canonical CBOR does not depend on the order of the keys', () => {
  const shuffled = fc
    .uniqueArray(fc.tuple(name, json), { selector: ([key]) => key, maxLength: 40 })
    .chain((members) => fc.tuple(fc.constant(members), fc.shuffledSubarray(members, { minLength: members.length })));
  fc.assert(
    fc.property(shuffled, fc.boolean(), ([members, other], withKeys) => {
      const how = asOptions({ withKeys, canonical: true });
      expect(toHex(encodeValue(fromEntries(members), how))).toBe(toHex(encodeValue(fromEntries(other), how)));
    }),
    run(500),
  );
});

test('R3: integer and text forms of one key in any order: the text wins', () => {
  const member = fc.tuple(fc.constantFrom(...[...keys.integers].slice(0, 30)), fc.boolean());
  const members = fc.uniqueArray(member, { selector: ([[key], asText]) => `${key} ${asText}`, maxLength: 60 });
  fc.assert(
    fc.property(members, (list) => {
      const cbor = [0xb8, list.length];
      const expected = new Map<string, number>();
      list.forEach(([[key, code], asText], i) => {
        cbor.push(...encodeValue(asText ? key : code), ...encodeValue(i));
        if (asText || !list.some(([[other], text]) => text && other === key)) expected.set(key, i);
      });
      const bytes = Uint8Array.from(cbor);
      const object = Object.fromEntries(expected);
      expect(decodeValue(bytes)).toEqual(object);
      expect(JSON.parse(toText(decodeToJson(bytes)))).toEqual(object);
      const sorted = Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
      expect(toText(decodeToJson(bytes, { sortKeys: true }))).toBe(JSON.stringify(Object.fromEntries(sorted)));
    }),
    run(500),
  );
});

/** One change of a byte sequence. */
const mutation = fc.record({
  kind: fc.oneof({ weight: 8, arbitrary: fc.constant('set') }, fc.constantFrom('insert', 'remove', 'cut', 'repeat')),
  at: fc.integer({ min: 0, max: 0xffff }),
  byte: fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0x1b, 0x5f, 0x7f, 0x9f, 0xbf, 0xf7, 0xf9, 0xff, 0xc2, 0x22, 0x5c),
  ),
});
const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });

function mutate(bytes: Uint8Array, changes: readonly { kind: string; at: number; byte: number }[]): Uint8Array {
  const list = [...bytes];
  for (const { kind, at, byte } of changes) {
    const index = Math.floor((at / 0x10000) * list.length);
    if (kind === 'set') list[index] = byte;
    else if (kind === 'insert') list.splice(index, 0, byte);
    else if (kind === 'remove') list.splice(index, 1);
    else if (kind === 'cut') list.length = index;
    else list.splice(index, 0, ...list.slice(index, index + (byte & 0x1f)));
  }
  return Uint8Array.from(list);
}

describe('hostile bytes', () => {
  const seeds = bodies().filter((body) => body.length < 3000);
  const body = fc.constantFrom(...seeds);

  /** Both decoders on bytes of unknown worth: they accept the same and say the same. */
  function judge(cbor: Uint8Array): boolean {
    const value = attempt(() => decodeValue(cbor));
    const text = attempt(() => decodeToJson(cbor));
    expect(text instanceof CborError).toBe(value instanceof CborError);
    if (value instanceof CborError || text instanceof CborError) return false;
    expect(asParsed(parseJson(toText(text)))).toEqual(asParsed(value));
    // What was accepted has one normal form, which both encoders find.
    const again = encodeJson(text, { canonical: true });
    expect(toHex(encodeValue(value, { canonical: true }))).toBe(toHex(again));
    expect(decodeValue(again)).toEqual(normal(value));
    return true;
  }

  test('mutated bodies: a CborError or the same value from both decoders', () => {
    let accepted = 0;
    fc.assert(
      fc.property(body, mutations, (original, changes) => {
        if (judge(mutate(encodeJson(original, { keys }), changes))) accepted += 1;
      }),
      run(3000),
    );
    // The mutations are gentle enough to reach behind the first byte, and harsh enough to be refused.

    expect(accepted).toBeGreaterThan(200);
    expect(accepted).toBeLessThan(2800);
  });

  test('random bytes: a CborError or the same value from both decoders', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        judge(bytes);
      }),
      run(20_000),
    );
  });

  test('mutated JSON text: encodeJson accepts what JSON.parse accepts, but what CBOR has no place for', () => {
    let accepted = 0;
    fc.assert(
      fc.property(body, mutations, (original, changes) => {
        const bytes = mutate(utf8(original), changes);
        const cbor = attempt(() => encodeJson(bytes));
        const parsed = parse(bytes);
        if (!(cbor instanceof CborError)) {
          accepted += 1;
          expect(parsed).toBeDefined();
          expect(asParsed(decodeValue(cbor))).toEqual(asParsed(parsed!.value));
        } else if (parsed) {
          expect(['refused', 'limit']).toContain(cbor.code);
        }
      }),
      run(3000),
    );

    expect(accepted).toBeGreaterThan(200);
    expect(accepted).toBeLessThan(2800);
  });
});

/** What a call gives, or its CborError; anything else that is thrown fails the test. */
function attempt<T>(call: () => T): T | CborError {
  try {
    return call();
  } catch (error) {
    if (error instanceof CborError) return error;
    throw error;
  }
}

function parse(bytes: Uint8Array): { value: JsonValue } | undefined {
  try {
    return { value: parseJson(toText(bytes)) };
  } catch {
    return undefined;
  }
}

function narrow(value: bigint): JsonValue {
  const number = Number(value);
  return Number.isSafeInteger(number) && BigInt(number) === value ? number : value;
}

/** The form in which a number comes back: an integer beyond 2^53 - 1 as a bigint, -0 as 0. */
function settle(value: number): JsonValue {
  if (value === 0) return 0;
  const beyond = Number.isInteger(value) && !Number.isSafeInteger(value) && value >= -(2 ** 64) && value < 2 ** 64;
  return beyond ? BigInt(value) : value;
}

/** `settle` for every number in a value: what a round trip makes of floats on the wire. */
function normal(value: JsonValue): JsonValue {
  if (typeof value === 'number') return settle(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(normal);
  return fromEntries(Object.entries(value).map(([key, member]) => [key, normal(member)]));
}

function fromEntries(members: readonly (readonly [string, JsonValue])[]): { [key: string]: JsonValue } {
  return Object.fromEntries(members);
}

/** JSON text as decodeToJson has it: bigints with all their digits, floats beyond 64 bits with an exponent. */
function write(value: JsonValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    return value.toExponential();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`)
    .join(',')}}`;
}
