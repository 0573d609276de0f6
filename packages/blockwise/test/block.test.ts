import { CoapError, OptionNumber } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockOffset, blockOption, blockSize, decodeBlock, findBlock, MAX_BLOCK_NUMBER } from '../src/index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('a Block option (RFC 7959 2.2)', () => {
  it.each([
    [{ num: 0, more: false, szx: 0 }, ''],
    [{ num: 0, more: true, szx: 6 }, '0e'],
    [{ num: 2, more: false, szx: 6 }, '26'],
    [{ num: 15, more: true, szx: 2 }, 'fa'],
    [{ num: 16, more: false, szx: 6 }, '0106'],
    [{ num: MAX_BLOCK_NUMBER, more: true, szx: 6 }, 'fffffe'],
  ])('%o is written as "%s"', (block, expected) => {
    const option = blockOption(OptionNumber.Block2, block);
    expect(hex(option.value)).toBe(expected);
    expect(decodeBlock(option.value)).toEqual(block);
  });

  it('round-trips every NUM, M and SZX', () => {
    const block = fc.record({ num: fc.nat(MAX_BLOCK_NUMBER), more: fc.boolean(), szx: fc.nat(6) });
    fc.assert(
      fc.property(block, (value) => {
        expect(decodeBlock(blockOption(OptionNumber.Block1, value).value)).toEqual(value);
      }),
      { seed: 7959 },
    );
  });

  it('has no value with the reserved SZX 7, nor one of four bytes', () => {
    expect(decodeBlock(Uint8Array.of(0x07))).toBeUndefined();
    expect(decodeBlock(Uint8Array.of(0, 0, 0, 0x06))).toBeUndefined();
    expect(findBlock([{ number: OptionNumber.Block1, value: Uint8Array.of(0x0f) }], OptionNumber.Block1)).toBe(
      'invalid',
    );
    expect(findBlock([], OptionNumber.Block1)).toBeUndefined();
  });

  it('refuses to be written out of range', () => {
    for (const block of [
      { num: MAX_BLOCK_NUMBER + 1, more: false, szx: 0 },
      { num: -1, more: false, szx: 0 },
      { num: 0, more: false, szx: 7 },
      { num: 0.5, more: false, szx: 2 },
    ]) {
      expect(() => blockOption(OptionNumber.Block1, block)).toThrow(CoapError);
    }
  });

  it('names the bytes from NUM times the size on', () => {
    expect(blockSize(0)).toBe(16);
    expect(blockSize(6)).toBe(1024);
    expect(blockOffset({ num: 3, more: true, szx: 2 })).toBe(192);
  });
});
