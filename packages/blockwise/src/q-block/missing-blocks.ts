import { MAX_BLOCK_NUMBER } from '../block.ts';

/** The payload of a 4.08 with Content-Format 272: a CBOR Sequence of the missing block numbers (RFC 9177 section 5). */
export function encodeMissingBlocks(missing: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(5 * missing.length);
  let length = 0;
  for (const num of missing) {
    const [head, width] = num < 24 ? [num, 0] : num < 0x100 ? [24, 1] : num < 0x1_0000 ? [25, 2] : [26, 4];
    bytes[length++] = head;
    for (let shift = 8 * (width - 1); shift >= 0; shift -= 8) bytes[length++] = num >>> shift;
  }
  return bytes.subarray(0, length);
}

/**
 * The numbers of such a payload; `undefined` when it is no CBOR Sequence of unsigned integers that are block numbers in ascending order.
 * Duplicates are left out, as section 5 has it.
 */
export function decodeMissingBlocks(payload: Uint8Array): number[] | undefined {
  const missing: number[] = [];
  let previous = -1;
  for (let offset = 0; offset < payload.length; ) {
    const head = payload[offset++]!;
    // RFC 8949 section 3.1: major type 0, with the number itself or 1, 2, 4 or 8 bytes of it.
    if (head > 27) return undefined;
    const width = head < 24 ? 0 : 1 << (head - 24);
    if (offset + width > payload.length) return undefined;
    let num = head < 24 ? head : 0;
    for (let i = 0; i < width; i++) num = num * 256 + payload[offset++]!;
    if (num > MAX_BLOCK_NUMBER || num < previous) return undefined;
    if (num > previous) missing.push(num);
    previous = num;
  }
  return missing;
}
