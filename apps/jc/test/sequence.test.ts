import { CborError, keyTable } from '@lb-matrix/lb-cbor-keys';
import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cborItems } from '../src/cbor-items.ts';
import { diagnosticNotation } from '../src/diagnostic-notation.ts';
import { textLines } from '../src/text-lines.ts';
import { hex } from './support.ts';

type Cut = (pieces: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** The parts that come of each piece, and, last, of the end. */
async function parts(cut: Cut, pieces: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const part of cut(stream(pieces))) found.push(Uint8Array.from(part));
  return found;
}

async function* stream(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** Bytes in pieces that end at the given places. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

describe('a CBOR sequence', () => {
  const ITEMS = [
    '00',
    '20',
    '1b0000000100000000',
    '40',
    '4401020304',
    '6161',
    '80',
    '820102',
    'a0',
    'a1016161',
    '9fff',
    '9f0182029f03ffff',
    'bf0102bf0304ffff',
    '5f4101420203ff',
    '7fff',
    'c074323031332d30332d32315432303a30343a30305a',
    'c1c2820341ff',
    'f6',
    'f8ff',
    'f93c00',
    'fb3ff8000000000000',
    'd9d9f781a10280',
  ];

  test('is cut into its items, wherever its pieces end', async () => {
    const all = hex(ITEMS.join(''));
    const expected = ITEMS.map(hex);
    expect(await parts(cborItems, [all])).toEqual(expected);
    expect(
      await parts(
        cborItems,
        [...all].map((byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(expected);
    for (let at = 0; at <= all.length; at++) {
      expect(await parts(cborItems, [all.subarray(0, at), all.subarray(at)])).toEqual(expected);
    }
  });

  test('of anything that cbor-x writes', async () => {
    const encoder = new Encoder({ useRecords: false });
    const value = fc.anything({ withBigInt: true, withTypedArray: true, maxDepth: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(value), fc.array(fc.nat()), async (values, places) => {
        const encoded = values.map((each) => Uint8Array.from(encoder.encode(each)));
        expect(await parts(cborItems, cutAt(Buffer.concat(encoded), places))).toEqual(encoded);
      }),
      { seed: 8742, numRuns: 300 },
    );
  });

  test('an item comes as soon as its last byte has', async () => {
    const came: string[] = [];
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      for (const piece of ['82', '01', '6261', '6202', '63', '616263']) {
        came.push(piece);
        yield hex(piece);
      }
    };
    for await (const item of cborItems(pieces())) came.push(`item ${Buffer.from(item).toString('hex')}`);
    expect(came).toEqual(['82', '01', '6261', '6202', 'item 8201626162', 'item 02', '63', '616263', 'item 63616263']);
  });

  test('may be empty', async () => {
    expect(await parts(cborItems, [])).toEqual([]);
    expect(await parts(cborItems, [new Uint8Array()])).toEqual([]);
  });

  test('a long item in small pieces takes linear time', async () => {
    const item = Buffer.concat([hex('5a02000000'), new Uint8Array(2 ** 25)]);
    const pieces = Array.from({ length: 2 ** 25 / 4096 + 1 }, (_, i) => item.subarray(i * 4096, (i + 1) * 4096));
    const started = performance.now();
    const [found] = await parts(cborItems, pieces);
    expect(found?.length).toBe(item.length);
    // Copying it for each piece would be 137 GB.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test.each([
    ['half an item', '0082', 'truncated', 1],
    ['half a string', '6361', 'truncated', 2],
    ['a reserved length', '001c', 'reserved_length', 0],
    ['a break in between', '00ff', 'unexpected_break', 0],
    ['a break in an array of fixed length', '82ff', 'unexpected_break', 1],
    ['nesting without end', '81'.repeat(2000), 'too_deep', 1000],
    ['a string longer than any', '5b0000000100000000', 'too_large', 2 ** 26],
  ])('%s is refused', async (_, cbor, reason, offset) => {
    await expect(parts(cborItems, [hex(cbor)])).rejects.toThrow(expect.objectContaining({ reason, offset }));
  });

  test('what the reader takes as one item is cut as one', async () => {
    let agreed = 0;
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 30 }), fc.array(fc.nat()), async (bytes, places) => {
        try {
          diagnosticNotation(bytes, { keys: keyTable(1), pretty: false });
        } catch (error) {
          expect(error).toBeInstanceOf(CborError);
          return;
        }
        agreed += 1;
        expect(await parts(cborItems, cutAt(bytes, places))).toEqual([bytes]);
      }),
      { seed: 8742, numRuns: 3000 },
    );
    expect(agreed).toBeGreaterThan(100);
  });
});

describe('lines', () => {
  const lines = async (pieces: readonly string[]): Promise<string[]> =>
    (
      await parts(
        textLines,
        pieces.map((piece) => Buffer.from(piece)),
      )
    ).map((line) => Buffer.from(line).toString());

  test.each<[string, string[], string[]]>([
    ['none', [''], []],
    ['one without an end', ['{}'], ['{}']],
    ['one', ['{}\n'], ['{}']],
    ['many in one piece', ['1\n2\n3'], ['1', '2', '3']],
    ['in pieces', ['[1', ',2', ']\n', '\n3', '\n'], ['[1,2]', '', '3']],
    ['with CRLF', ['1\r\n2\r\n'], ['1\r', '2\r']],
  ])('%s', async (_, pieces, expected) => {
    expect(await lines(pieces)).toEqual(expected);
  });

  test('a line comes as soon as its newline has', async () => {
    const came: string[] = [];
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      for (const piece of ['1\n2', '\n', '3']) {
        came.push(piece);
        yield Buffer.from(piece);
      }
    };
    for await (const line of textLines(pieces())) came.push(`line ${Buffer.from(line)}`);
    expect(came).toEqual(['1\n2', 'line 1', '\n', 'line 2', '3', 'line 3']);
  });

  test('a line without end is refused', async () => {
    const piece = new Uint8Array(2 ** 20).fill(0x20);
    const endless = Array.from({ length: 65 }, () => piece);
    await expect(parts(textLines, endless)).rejects.toThrow(expect.objectContaining({ reason: 'too_large' }));
  });
});
