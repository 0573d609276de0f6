import { decodeToJson, encodeJson, keyTable } from '@lb-matrix/lb-cbor-keys';
import { expect, test } from 'vitest';
import { Statistics } from '../src/statistics.ts';

function statistics(...values: string[]): string {
  const all = new Statistics({ keys: keyTable(1), base64: false });
  for (const value of values) all.add(Buffer.from(value));
  return all.toString();
}

test('sizes are those of compact JSON and of both CBORs, keys are counted at any depth', () => {
  const value = {
    type: 'x',
    content: { 'm.relates_to': { 'm.relates_to': 1 }, body: 'é' },
    events: [{ zebra: 2 }, { type: 3 }],
  };
  const json = JSON.stringify(value);
  expect([json.length + 1, encodeJson(json).length, encodeJson(json, { keys: keyTable(1) }).length]).toEqual([
    104, 76, 52,
  ]);
  expect(statistics(JSON.stringify(value, null, 2))).toBe(`\
values                     1
JSON                     104 bytes
CBOR, text keys           76 bytes, 27 % less
CBOR, integer keys        52 bytes, 50 % less
keys with a number         5
keys without               3

    uses     bytes  key without a number
       2        26  "m.relates_to"
       1         6  "zebra"
`);
});

test('of many values sizes and keys are added up', () => {
  const text = statistics('{"zebra":1}', '{"type":2}', '{"zebra":"\\u00e9","a":3}');
  expect(text).toMatch(/^values +3\nJSON +41 bytes\n/);
  expect(text).toMatch(/keys with a number +1\nkeys without +3\n/);
  expect(text).toMatch(/ 2 +12 {2}"zebra"\n +1 +2 {2}"a"\n$/);
});

test('all keys have a number: nothing is listed', () => {
  expect(statistics('{"type":2}')).toMatch(/keys without +0\n$/);
});

test('nothing at all', () => {
  expect(statistics()).toMatch(/^values +0\nJSON +0 bytes\nCBOR, text keys +0 bytes\n/);
});

test('CBOR may be longer', () => {
  const json = '0.1';
  expect(statistics(json)).toContain('CBOR, text keys            9 bytes, 200 % more');
  expect(decodeToJson(encodeJson(json))).toEqual(new Uint8Array(Buffer.from(json)));
});

test('the twenty that take most are named, the others are added up', () => {
  const keys = Array.from({ length: 25 }, (_, i) => 'k'.repeat(i + 1));
  const lines = statistics(JSON.stringify(Object.fromEntries(keys.map((key) => [key, 0])))).split('\n');
  expect(lines.slice(8, 10)).toEqual([`       1        27  "${keys[24]}"`, `       1        26  "${keys[23]}"`]);
  // Of 1 to 5 letters, and a byte each that tells their length.
  expect(lines.slice(27)).toEqual([`       1         7  "${keys[5]}"`, '       5        20  (5 others)', '']);
});

test('what is invisible in a key is escaped', () => {
  expect(statistics(JSON.stringify({ 'a\n\u202e': 1 }))).toContain('"a\\n\\u202e"');
});
