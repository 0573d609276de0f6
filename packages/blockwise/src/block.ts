import { type CoapOption, decodeUint, findOption, uintOption } from '@lb-matrix/coap-codec';

/** The value of a Block1 or Block2 option (RFC 7959 section 2.2). */
export interface Block {
  /** NUM: which block, counted in blocks of this size. 0 to `MAX_BLOCK_NUMBER`. */
  readonly num: number;
  /** M: more blocks follow. */
  readonly more: boolean;
  /** SZX: the size exponent, 0 (16 bytes) to 6 (1024 bytes). */
  readonly szx: number;
}

/** NUM has 20 bits. */
export const MAX_BLOCK_NUMBER = 0xf_ffff;
/** SZX of the largest blocks, 1024 bytes; 7 is reserved. */
export const MAX_SZX = 6;

/** The size of a block, in bytes. */
export function blockSize(szx: number): number {
  return 16 << szx;
}

/** Where a block begins in its body, in bytes. */
export function blockOffset(block: Block): number {
  return block.num * blockSize(block.szx);
}

/** The value of a Block option, or `undefined` when it is longer than 3 bytes or has the reserved SZX 7. */
export function decodeBlock(value: Uint8Array): Block | undefined {
  if (value.length > 3) return undefined;
  const bits = decodeUint(value)!;
  const szx = bits & 0x07;
  return szx > MAX_SZX ? undefined : { num: bits >>> 4, more: (bits & 0x08) !== 0, szx };
}

/** A Block1 or Block2 option. Throws coap-codec's `CoapError` when NUM or SZX is out of range. */
export function blockOption(number: number, block: Block): CoapOption {
  const { num, more, szx } = block;
  const valid = Number.isInteger(num) && num >= 0 && num <= MAX_BLOCK_NUMBER && szx >= 0 && szx <= MAX_SZX;
  return uintOption(number, valid ? num * 16 + (more ? 8 : 0) + szx : Number.NaN);
}

/**
 * The first Block option of this number: its value, `undefined` when there is none, `'invalid'` when it cannot be one.
 */
export function findBlock(options: readonly CoapOption[], number: number): Block | 'invalid' | undefined {
  const option = findOption(options, number);
  return option === undefined ? undefined : (decodeBlock(option.value) ?? 'invalid');
}
