/**
 * RFC 9147 4: the header of protected records, in the forms without a connection id.
 *
 *     0 0 1 C S L E E    C: a connection id follows, S: 16 bits of number rather than 8, L: a length follows,
 *                        E: the last two bits of the epoch
 */

const FIXED = 0b0010_0000;
const FIXED_MASK = 0b1110_0000;
const CID = 0b0001_0000;
const LONG_NUMBER = 0b0000_1000;
const LENGTH = 0b0000_0100;
const EPOCH_MASK = 0b0000_0011;

/** Bytes of the longest header that we write: flags, number, length. */
export const MAX_UNIFIED_HEADER = 5;

/** A protected record inside a datagram: its header begins at `offset`, its ciphertext is `datagram[start..end)`. */
export interface UnifiedHeader {
  readonly offset: number;
  /** The last two bits of the epoch. */
  readonly epochBits: number;
  /** Bytes of the record number, which stand right after the flags, encrypted. */
  readonly numberLength: 1 | 2;
  readonly start: number;
  readonly end: number;
}

/** The byte begins a record with a unified header (RFC 9147 4.1). */
export function isUnified(firstByte: number): boolean {
  return (firstByte & FIXED_MASK) === FIXED;
}

/** The record at `offset`, or `undefined` when no whole one without connection id stands there. Never throws. */
export function readUnifiedHeader(datagram: Uint8Array, offset: number): UnifiedHeader | undefined {
  const flags = datagram[offset];
  // RFC 9147 9: none was negotiated, so none may come.
  if (flags === undefined || !isUnified(flags) || (flags & CID) !== 0) return undefined;
  const numberLength = (flags & LONG_NUMBER) === 0 ? 1 : 2;
  const afterNumber = offset + 1 + numberLength;
  const hasLength = (flags & LENGTH) !== 0;
  const start = afterNumber + (hasLength ? 2 : 0);
  if (start > datagram.length) return undefined;
  // RFC 9147 4: without a length the record fills the datagram.
  const end = hasLength ? start + ((datagram[afterNumber]! << 8) | datagram[afterNumber + 1]!) : datagram.length;
  if (end > datagram.length) return undefined;
  return { offset, epochBits: flags & EPOCH_MASK, numberLength, start, end };
}

/** Writes a header with the number in the clear; returns where the ciphertext starts. `length` is left out at a datagram's end. */
export function writeUnifiedHeader(
  out: Uint8Array,
  offset: number,
  epoch: number,
  sequence: number,
  numberLength: 1 | 2,
  length: number | undefined,
): number {
  out[offset] =
    FIXED | (numberLength === 2 ? LONG_NUMBER : 0) | (length === undefined ? 0 : LENGTH) | (epoch & EPOCH_MASK);
  let at = offset + 1;
  if (numberLength === 2) out[at++] = sequence >>> 8;
  out[at++] = sequence;
  if (length === undefined) return at;
  out[at++] = length >> 8;
  out[at++] = length;
  return at;
}
