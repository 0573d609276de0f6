import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CborError, decodeToJson, decodeValue, encodeJson, encodeValue, keyTable } from '../src/index.ts';
import { bodies, errorOf, fromHex, SEED, toHex, toText } from './support.ts';

const on = { base64: true } as const;
const hash = 'bUlZ-4td7Y7eDjgt7adaxsH_VcISbvZ_';

describe('the forms of base64', () => {
  test.each([
    ['standard, without padding', 'AAECAwQFBgcICQoL', '4c000102030405060708090a0b'],
    ['standard, 1 byte over', 'AAECAwQFBgcICQoLDA', '4d000102030405060708090a0b0c'],
    ['standard, 2 bytes over', 'AAECAwQFBgcICQoLDA0', '4e000102030405060708090a0b0c0d'],
    ['with + and /', '++++////++++////', '4cfbefbeffffff fbefbeffffff'],
    ['for URLs: tag 21', '----____----____', 'd54cfbefbeffffff fbefbeffffff'],
    ['padded once: tag 22', 'AAECAwQFBgcICQoLDA0=', 'd64e000102030405060708090a0b0c0d'],
    ['padded twice: tag 22', 'AAECAwQFBgcICQoLDA==', 'd64d000102030405060708090a0b0c'],
    ['an event id: tag 88', `$${hash}`, 'd8585818 6d4959fb8b5ded8ede0e382deda75ac6c1ff55c2126ef67f'],
    ['a room id: tag 89', `!${hash}`, 'd8595818 6d4959fb8b5ded8ede0e382deda75ac6c1ff55c2126ef67f'],
  ])('%s', (_, text, hex) => {
    const bytes = fromHex(hex);
    expect(toHex(encodeValue(text, on))).toBe(toHex(bytes));
    expect(toHex(encodeJson(JSON.stringify(text), on))).toBe(toHex(bytes));
    expect(decodeValue(bytes, on)).toBe(text);
    expect(toText(decodeToJson(bytes, on))).toBe(JSON.stringify(text));

    // As a key too, escaped or not.
    const map = Uint8Array.of(0xa1, ...bytes, 0xf6);
    expect(encodeValue({ [text]: null }, on)).toEqual(map);
    expect(encodeJson(`{"\\u00${text.charCodeAt(0).toString(16)}${text.slice(1)}":null}`, on)).toEqual(map);
    expect(decodeValue(map, on)).toEqual({ [text]: null });
    expect(toText(decodeToJson(map, on))).toBe(JSON.stringify({ [text]: null }));

    // Nobody who did not ask for it gets it, or reads it.
    expect(encodeValue(text)[0]! >> 5).toBe(3);
    expect(errorOf(() => decodeValue(bytes)).reason).toMatch(/^(byte_string|tag)$/);
    expect(errorOf(() => decodeToJson(map)).reason).toBe('key_type');
  });

  test.each([
    ['shorter than 16 characters', 'AAECAwQFBgcICQo'],
    ['bits left over', 'AAECAwQFBgcICQoLDB'],
    ['bits left over, padded', 'AAECAwQFBgcICQoLDB=='],
    ['a lone last character', 'AAECAwQFBgcICQoLD'],
    ['both alphabets', 'AAECAwQFBgcICQ+_'],
    ['padding of the URL alphabet', 'AAECAwQFBgcICQ-LDA=='],
    ['padding that is too short', 'AAECAwQFBgcICQoLDA='],
    ['padding that is too long', 'AAECAwQFBgcICQo==='],
    ['padding in the middle', 'AAECAwQF=gcICQoL'],
    ['padding alone', '================'],
    ['a space', 'AAECAwQF gcICQoL'],
    ['not ASCII', 'éAAECAwQFBgcICQoL'],
    ['not ASCII at the end', 'AAECAwQFBgcICQoL€'],
    ['an id that is a name', '!AAECAwQFBgcICQoLAAECAwQFBgcICQoL:example.org'],
    ['an id of 23 bytes', '$AAECAwQFBgcICQoLAAECAwQFBgcICQo'],
    ['an id in the standard alphabet', `$${hash.replace('_', '/')}`],
    ['an id with bits left over', `$${hash}B`],
  ])('stays text: %s', (_, text) => {
    expect(encodeValue(text, on)).toEqual(encodeValue(text));
    expect(encodeJson(JSON.stringify(text), on)).toEqual(encodeValue(text));
    expect(encodeJson(JSON.stringify({ [text]: 1 }), on)).toEqual(encodeValue({ [text]: 1 }));
  });

  test('a key of the table is an integer, though it is base64', () => {
    expect(toHex(encodeValue({ unread_notifications: 1 }, { base64: true, keys: keyTable(2) }))).toBe('a13401');
    expect(encodeValue({ unread_notifications: 1 }, on)[1]).toBe(0xd5);
  });

  test('a name as bytes and as text is the same key twice', () => {
    const twice = Uint8Array.of(
      0xa2,
      ...fromHex('4c000102030405060708090a0b'),
      1,
      ...encodeValue('AAECAwQFBgcICQoL'),
      2,
    );
    expect(errorOf(() => decodeValue(twice, on)).reason).toBe('duplicate_key');
    expect(errorOf(() => decodeToJson(twice, on)).reason).toBe('duplicate_key');
    expect(decodeValue(encodeJson('{"AAECAwQFBgcICQoL":1,"AAECAwQFBgcICQ\\u006fL":2}', on), on)).toEqual({
      AAECAwQFBgcICQoL: 2,
    });
  });
});

describe('a decoder of base64', () => {
  test('takes short ones, and 55799 before them', () => {
    expect(decodeValue(fromHex('8540 4100 d54100 d64100 d9d9f7d85841ff'), on)).toEqual(['', 'AA', 'AA', 'AA==', '$_w']);
    expect(toText(decodeToJson(fromHex('8540 4100 d54100 d64100 d9d9f7d85841ff'), on))).toBe(
      '["","AA","AA","AA==","$_w"]',
    );
  });

  test.each([
    ['a tag of another kind', 'd74100', 'tag'],
    ['a tag of base64 before text', 'd66141', 'tag'],
    ['a tag of base64 before another', 'd6d64100', 'tag'],
    ['a tag of base64 at the end', 'd6', 'tag'],
    ['a bignum', 'c24100', 'bignum'],
    ['bytes of indefinite length', '5f4101ff', 'byte_string'],
    ['bytes that are not all there', '420a', 'truncated'],
    ['bytes of reserved length', '5c0a', 'reserved_length'],
    ['a tagged text as key', 'a1d9d9f7614101', 'key_type'],
    ['an array as key', 'a18001', 'key_type'],
    ['bytes of indefinite length as key', 'a15f4101ff01', 'byte_string'],
  ])('refuses %s', (_, hex, reason) => {
    expect(errorOf(() => decodeValue(fromHex(hex), on)).reason).toBe(reason);
    expect(errorOf(() => decodeToJson(fromHex(hex), on)).reason).toBe(reason);
  });
});

/** Base64 of any form and length, and what looks like it. */
const spelled = fc
  .tuple(
    fc.uint8Array({ minLength: 10, maxLength: 300 }),
    fc.constantFrom('base64' as const, 'base64url' as const),
    fc.constantFrom('', '$', '!'),
    fc.constantFrom('', '=', '==', 'A', ' '),
  )
  .map(([bytes, alphabet, before, after]) => before + Buffer.from(bytes).toString(alphabet) + after);

test('any string survives both codecs, which write the same bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(spelled, fc.string({ unit: 'binary' })), { maxLength: 6 }), (texts) => {
      const value = { texts, ...Object.fromEntries(texts.map((text) => [text, text])) };
      const json = JSON.stringify(value);
      const cbor = encodeValue(value, on);
      expect(toHex(encodeJson(json, on))).toBe(toHex(cbor));
      expect(toText(decodeToJson(cbor, on))).toBe(json);
      expect(decodeValue(cbor, on)).toEqual(value);
      expect(toHex(encodeJson(decodeToJson(cbor, on), on))).toBe(toHex(cbor));
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

test('random bytes: a CborError or the same from both decoders, with one normal form', () => {
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x40, 0x4c, 0xa1, 0x82, 0xd5, 0xd6, 0xd8, 88, 89, 0x58, 0x18));
  const options = { base64: true, keys: keyTable(2) };
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 40 }), (list) => {
      const bytes = Uint8Array.from(list);
      const json = attempt(() => toText(decodeToJson(bytes, options)));
      const value = attempt(() => decodeValue(bytes, options));
      expect(json === undefined).toBe(value === undefined);
      if (json === undefined) return;
      accepted += 1;
      const again = encodeJson(json, options);
      expect(toText(decodeToJson(again, options))).toBe(json);
      expect(decodeValue(again, options)).toEqual(decodeValue(encodeJson(json)));
    }),
    { seed: SEED, numRuns: 20_000 },
  );
  expect(accepted).toBeGreaterThan(500);
});

describe('the recorded sessions with table version 2 and base64', () => {
  const options = { base64: true, keys: keyTable(2) };

  test.each(['v2-sync-session', 'sliding-sync-session'])('%s: every body comes back as it was', (name) => {
    const file = new URL(`../../lb-client/test/fixtures/${name}.jsonl.gz`, import.meta.url);
    const exchanges = gunzipSync(readFileSync(file)).toString().trim().split('\n');
    let count = 0;
    for (const line of exchanges) {
      const { request, response } = JSON.parse(line) as { request: string | null; response: string | null };
      for (const body of [request, response]) {
        if (!body?.startsWith('{')) continue;
        const cbor = encodeJson(body, options);
        expect(toText(decodeToJson(cbor, options))).toBe(JSON.stringify(JSON.parse(body)));
        expect(encodeJson(decodeToJson(cbor, options), options)).toEqual(cbor);
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(350);
  });

  test('are much smaller than with version 1', () => {
    const total = (how: object): number => bodies().reduce((sum, body) => sum + encodeJson(body, how).length, 0);
    expect([total({ keys: keyTable(1) }), total({ keys: keyTable(2) }), total(options)]).toEqual([
      149_534, 127_229, 113_644,
    ]);
  });
});

/** `undefined` for what is refused; anything thrown that is no CborError fails the test. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof CborError) return undefined;
    throw error;
  }
}
