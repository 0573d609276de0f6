import { type CoapOption, OptionNumber } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blockOption,
  decodeMissingBlocks,
  encodeMissingBlocks,
  nonTiming,
  promptTiming,
  readBlockRequest,
  readUploadReport,
  reportOptions,
  shortened,
  uploadReport,
} from '../src/index.ts';
import { Bitmap } from '../src/q-block/bitmap.ts';
import { ScatteredBody } from '../src/q-block/scattered-body.ts';
import { bodyOf } from './support.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const qBlock2 = (num: number, more: boolean, szx = 6): CoapOption =>
  blockOption(OptionNumber.QBlock2, { num, more, szx });
const missingBlocks = fc.uniqueArray(fc.nat(0xf_ffff), { maxLength: 40 }).map((list) => list.sort((a, b) => a - b));

describe('a bitmap', () => {
  it('is a set of numbers that finds the next one in it and out of it', () => {
    const step = fc.record({ add: fc.boolean(), number: fc.nat(99), from: fc.nat(120) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.array(step, { maxLength: 60 }), (size, steps) => {
        const bitmap = new Bitmap(size);
        const model = new Set<number>();
        for (const { add, number, from } of steps) {
          const changes = number < size && model.has(number) !== add;
          expect(add ? bitmap.add(number) : bitmap.delete(number)).toBe(changes);
          if (changes) add ? model.add(number) : model.delete(number);
          expect(bitmap.count).toBe(model.size);
          const next = (wanted: boolean) => {
            for (let n = from; n < size; n++) if (model.has(n) === wanted) return n;
            return size;
          };
          expect([bitmap.nextIn(from), bitmap.nextOut(from)]).toEqual([next(true), next(false)]);
        }
      }),
      { seed: 9177, numRuns: 300 },
    );
  });
});

describe('the payload of a 4.08 (RFC 9177 section 5)', () => {
  it('is a CBOR Sequence of block numbers', () => {
    expect(hex(encodeMissingBlocks([1, 9, 23, 24, 255, 256, 65_535, 65_536]))).toBe(
      '0109171818' + '18ff' + '190100' + '19ffff' + '1a00010000',
    );
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(missingBlocks, (missing) => {
        expect(decodeMissingBlocks(encodeMissingBlocks(missing))).toEqual(missing);
      }),
      { seed: 9178 },
    );
  });

  it.each([
    ['a duplicate is ignored', '010105', [1, 5]],
    ['longer forms than needed are numbers too', '1801190002', [1, 2]],
    ['out of order', '0501', undefined],
    ['cut off', '0119', undefined],
    ['an array', '8101', undefined],
    ['a negative number', '20', undefined],
    ['beyond 20 bits', '1a00100000', undefined],
    ['8 bytes', '1b0000000000000003', [3]],
    ['nothing', '', []],
  ])('%s: %s', (_what, payload, expected) => {
    expect(decodeMissingBlocks(bytes(payload))).toEqual(expected);
  });

  it('is refused or read for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (payload) => {
        const missing = decodeMissingBlocks(payload);
        expect(missing?.every((num, i) => num <= 0xf_ffff && (i === 0 || num > missing[i - 1]!))).not.toBe(false);
      }),
      { seed: 9179, numRuns: 1000 },
    );
  });
});

describe('the Q-Block2 options of a request (RFC 9177 section 4.4)', () => {
  it.each([
    ['none', [], 'whole'],
    ['NUM 0 with M: the whole body', [qBlock2(0, true)], 'whole'],
    ['single blocks', [qBlock2(1, false), qBlock2(9, false)], { missing: [1, 9], proceed: undefined, szx: 6 }],
    ['a Continue', [qBlock2(20, true)], { missing: [], proceed: 20, szx: 6 }],
    ['M elsewhere: the rest of the set', [qBlock2(17, true)], { missing: [17, 18, 19], proceed: undefined, szx: 6 }],
    ['both', [qBlock2(2, false), qBlock2(10, true)], { missing: [2], proceed: 10, szx: 6 }],
    ['a block twice', [qBlock2(2, false), qBlock2(2, false)], 'invalid'],
    ['within a rest', [qBlock2(17, true), qBlock2(18, false)], 'invalid'],
    ['out of order', [qBlock2(9, false), qBlock2(2, false)], 'invalid'],
    ['the reserved size', [{ number: OptionNumber.QBlock2, value: Uint8Array.of(0x17) }], 'invalid'],
  ])('%s', (_what, options, expected) => {
    expect(readBlockRequest(options, 10)).toEqual(expected);
  });

  it('are read as they were written between ends whose sets are single blocks', () => {
    fc.assert(
      fc.property(missingBlocks, fc.nat(1000), fc.integer({ min: 0, max: 6 }), (missing, more, szx) => {
        const proceed = Math.min(0xf_ffff, (missing.at(-1) ?? 0) + 1 + more);
        if (missing.at(-1) === proceed) return;
        const report = { missing: missing.filter((num) => num > 0), proceed };
        expect(readBlockRequest(reportOptions(report, szx), 1)).toEqual({ ...report, szx });
      }),
      { seed: 9180 },
    );
  });

  it('can name fewer blocks: then Continue stands at the first that is left out', () => {
    expect(shortened({ missing: [3, 5, 8], proceed: 12 }, 2)).toEqual({ missing: [3, 5], proceed: 8 });
    expect(shortened({ missing: [3, 5], proceed: 12 }, 2)).toEqual({ missing: [3, 5], proceed: 12 });
    expect(shortened({ missing: [3, 5, 8], proceed: undefined }, 1)).toEqual({ missing: [3], proceed: undefined });
  });
});

describe('a report of a request body', () => {
  it.each([
    ['all up to a block', { missing: [], proceed: 10 }],
    ['what is missing', { missing: [1, 9], proceed: undefined }],
    ['what is missing, and how far it is', { missing: [1, 9], proceed: 12 }],
  ])('%s is read as it was written', (_what, report) => {
    expect(readUploadReport(uploadReport(report, 6))).toEqual(report);
  });

  it('is nothing in another response', () => {
    expect(readUploadReport({ code: 0x44, options: [], payload: new Uint8Array() })).toBeUndefined();
    expect(readUploadReport({ code: 0x5f, options: [], payload: new Uint8Array() })).toBeUndefined();
    expect(readUploadReport({ code: 0x88, options: [], payload: bytes('01') })).toBeUndefined();
  });
});

describe('a body of scattered blocks', () => {
  it('takes blocks in any order and each once', () => {
    const body = new ScatteredBody(70, 1);
    const whole = bodyOf(70);
    const put = (num: number) => body.put(num, num < 2, whole.slice(num * 32, num * 32 + 32));
    expect([put(2), put(0), put(2)]).toEqual(['new', 'new', 'duplicate']);
    expect([body.firstMissing, body.end, body.received, body.complete]).toEqual([1, 3, 2, false]);
    expect(put(1)).toBe('new');
    expect([body.complete, body.take()]).toEqual([true, whole]);
  });

  it.each([
    ['a number beyond the end', 3, false, 6],
    ['M on the last block', 2, true, 6],
    ['no M before the last', 1, false, 32],
    ['a short block', 1, true, 31],
    ['a long last block', 2, false, 7],
  ])('refuses %s', (_what, num, more, length) => {
    expect(new ScatteredBody(70, 1).put(num, more, new Uint8Array(length))).toBe('bad_block');
  });

  it('takes no memory for a size that is only announced', () => {
    const body = new ScatteredBody(2 ** 26, 6);
    const block = new Uint8Array(1024);
    expect(body.put(60_000, true, block)).toBe('too_far');
    expect(body.put(0, true, block)).toBe('new');
    expect(body.memoryWith(60_000)).toBeLessThan(10_000);
    expect(body.memoryWith(100)).toBeLessThan(200_000);
  });
});

describe('the times of RFC 9177 section 7.2', () => {
  it('are those of table 3 by default', () => {
    expect(nonTiming()).toMatchObject({
      maxPayloads: 10,
      nonMaxRetransmit: 4,
      nonTimeout: 2000,
      nonTimeoutMost: 3000,
      receiveTimeout: 4000,
      nonProbingWait: 248_000,
      nonPartialTimeout: 247_000,
    });
  });

  it('keep NON_RECEIVE_TIMEOUT a second above NON_TIMEOUT_RANDOM', () => {
    expect(nonTiming({ nonTimeout: 500 }).receiveTimeout).toBe(1750);
  });

  it('follow the round trip between ends that agreed', () => {
    expect(promptTiming(1000)).toMatchObject({ receiveTimeout: 500, report: { blocks: 16, delay: 50 } });
    expect(promptTiming(1)).toMatchObject({ receiveTimeout: 100, report: { delay: 25 } });
  });
});
