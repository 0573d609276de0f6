import { readFileSync } from 'node:fs';
import { CborError, encodeJson, type KeyTable, keyTable } from '@lb-matrix/lb-cbor-keys';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diagnosticNotation } from '../src/diagnostic-notation.ts';
import { hex } from './support.ts';

const NO_KEYS: KeyTable = { version: 0, integers: new Map(), names: new Map() };
const diag = (cbor: string, keys: KeyTable = keyTable(1), pretty = false): string =>
  diagnosticNotation(hex(cbor), { keys, pretty }).trimEnd();

describe('RFC 8949 appendix A', () => {
  const rows: [string, string][] = JSON.parse(
    readFileSync(new URL('fixtures/rfc8949-appendix-a.json', import.meta.url), 'utf8'),
  );

  test('has 81 examples', () => expect(rows).toHaveLength(81));

  test.each(rows)('%s is %s', (cbor, notation) => {
    // Where the table shows the meaning, or one of many ways, this tool tells what is there.
    const told: Readonly<Record<string, string>> = {
      c249010000000000000000: "2(h'010000000000000000')",
      c349010000000000000000: "3(h'010000000000000000')",
      fa7f800000: 'Infinity_2',
      fa7fc00000: 'NaN_2',
      faff800000: '-Infinity_2',
      fb7ff0000000000000: 'Infinity_3',
      fb7ff8000000000000: 'NaN_3',
      fbfff0000000000000: '-Infinity_3',
      f90400: '0.00006103515625',
    };
    // The table is in ASCII.
    const native = notation.replace(/(\\u[0-9a-f]{4})+/g, (escapes) => JSON.parse(`"${escapes}"`));
    expect(diag(cbor, NO_KEYS)).toBe(told[cbor] ?? native);
  });
});

describe('integer keys have their names, as comments', () => {
  test.each([
    ['a2026e6d2e726f6f6d2e6d65737361676503a1181b6148', '{2 /type/: "m.room.message", 3 /content/: {27 /body/: "H"}}'],
    ['a41818f518ff0118f0022003', '{24 /join/: true, 255: 1, 240: 2, -1: 3}'],
    ['a164747970656102', '{"type": "\\u0002"}'],
    ['820203', '[2, 3]'],
    ['a102a10203', '{2 /type/: {2 /type/: 3}}'],
    ['a18102a0', '{[2]: {}}'],
    ['c1a10202', '1({2 /type/: 2})'],
  ])('%s', (cbor, notation) => {
    expect(diag(cbor)).toBe(notation);
  });
});

describe('encodings that are not the preferred ones are marked (RFC 8949 8.1)', () => {
  test.each([
    ['1817', '23_0'],
    ['1818', '24'],
    ['1900ff', '255_1'],
    ['190100', '256'],
    ['1a0000ffff', '65535_2'],
    ['1a00010000', '65536'],
    ['1b00000000ffffffff', '4294967295_3'],
    ['1b0000000100000000', '4294967296'],
    ['3817', '-24_0'],
    ['3b0020000000000000', '-9007199254740993'],
    ['780161', '"a"_0'],
    ['5900020102', "h'0102'_1"],
    ['980101', '[_0 1]'],
    ['b9000161610b', '{_1 "a": 11}'],
    ['9800', '[_0 ]'],
    ['d81700', '23_0(0)'],
    ['fa3fc00000', '1.5_2'],
    ['fb3ff8000000000000', '1.5_3'],
    ['fa33800000', '5.960464477539063e-8_2'],
    ['fa33000000', '2.9802322387695312e-8'],
    ['fa33c00000', '8.940696716308594e-8'],
    ['fa477fe000', '65504.0_2'],
    ['fa47800000', '65536.0'],
    ['fa3f800001', '1.0000001192092896'],
    ['fa80000000', '-0.0_2'],
    ['fa7fc00001', 'NaN'],
    ['fb7ff8000000000001', 'NaN'],
    ['fb47efffffe0000000', '3.4028234663852886e+38_3'],
    ['5fff', "''_"],
    ['7fff', '""_'],
    ['5f40ff', "(_ h'')"],
    ['7f606161ff', '(_ "", "a")'],
    ['5f580101ff', "(_ h'01')"],
  ])('%s is %s', (cbor, notation) => {
    expect(diag(cbor)).toBe(notation);
  });
});

test('what is invisible or drives a terminal is escaped', () => {
  const text = 'a\n\u001b[31m\u009b\u202e\u{e0001}\u2028é😀';
  const cbor = Buffer.from(encodeJson(JSON.stringify([text]))).toString('hex');
  expect(diag(cbor)).toBe('["a\\n\\u001b[31m\\u009b\\u202e\\udb40\\udc01\\u2028é😀"]');
});

test('pretty: an item a line', () => {
  expect(diag('a202830102a003bf6161c18101ff', undefined, true)).toBe(
    [
      '{',
      '  2 /type/: [',
      '    1,',
      '    2,',
      '    {}',
      '  ],',
      '  3 /content/: {_',
      '    "a": 1([',
      '      1',
      '    ])',
      '  }',
      '}',
    ].join('\n'),
  );
});

test('without integer keys, the notation of JSON in CBOR is JSON', () => {
  // Beyond 64 bits encodeJson refuses integers.
  const json = fc.json().filter((text) => !/\d{20}/.test(text));
  fc.assert(
    fc.property(json, fc.boolean(), (each, pretty) => {
      const cbor = encodeJson(each);
      const text = diagnosticNotation(cbor, { keys: keyTable(1), pretty });
      expect(JSON.parse(text)).toEqual(JSON.parse(each, (_, part) => (part === 0 ? 0 : part)));
    }),
    { seed: 8949, numRuns: 500 },
  );
});

test('noise is refused with a reason, and nothing else happens', () => {
  const cbor = fc.array(fc.nat({ max: 255 }), { maxLength: 40 }).map((bytes) => Uint8Array.from(bytes));
  let read = 0;
  fc.assert(
    fc.property(cbor, (bytes) => {
      try {
        diagnosticNotation(bytes, { keys: keyTable(1), pretty: true });
        read += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(CborError);
      }
    }),
    { seed: 8949, numRuns: 3000 },
  );
  expect(read).toBeGreaterThan(100);
});
