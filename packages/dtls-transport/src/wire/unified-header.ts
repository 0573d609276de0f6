/**
 * RFC 9147 4: the header of protected records: flags, connection id, number, length.
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

const NO_ID = new Uint8Array(0);

/** A protected record inside a datagram: its header begins at `offset`, its ciphertext is `datagram[start..end)`. */
export interface UnifiedHeader {
  readonly offset: number;
  /** The last two bits of the epoch. */
  readonly epochBits: number;
  /** Bytes of the connection id, which stands right after the flags; 0 when there is none. */
  readonly idLength: number;
  /** Bytes of the record number, which stand after the connection id, encrypted. */
  readonly numberLength: 1 | 2;
  readonly start: number;
  readonly end: number;
}

/** The byte begins a record with a unified header (RFC 9147 4.1). */
export function isUnified(firstByte: number): boolean {
  return (firstByte & FIXED_MASK) === FIXED;
}

/** The byte begins a record with a unified header and a connection id. */
export function hasConnectionId(firstByte: number): boolean {
  return isUnified(firstByte) && (firstByte & CID) !== 0;
}

/**
 * The record at `offset`, or `undefined` when no whole one stands there. `ownIds` is the length of the connection ids that we have
 * given out; 0 when we have given out none, and then a record with one is none (RFC 9147 9). Never throws.
 */
export function readUnifiedHeader(datagram: Uint8Array, offset: number, ownIds = 0): UnifiedHeader | undefined {
  const flags = datagram[offset];
  if (flags === undefined || !isUnified(flags)) return undefined;
  const hasId = (flags & CID) !== 0;
  if (hasId && ownIds === 0) return undefined;
  const idLength = hasId ? ownIds : 0;
  const numberLength = (flags & LONG_NUMBER) === 0 ? 1 : 2;
  const afterNumber = offset + 1 + idLength + numberLength;
  const hasLength = (flags & LENGTH) !== 0;
  const start = afterNumber + (hasLength ? 2 : 0);
  if (start > datagram.length) return undefined;
  // RFC 9147 4: without a length the record fills the datagram.
  const end = hasLength ? start + ((datagram[afterNumber]! << 8) | datagram[afterNumber + 1]!) : datagram.length;
  if (end > datagram.length) return undefined;
  return { offset, epochBits: flags & EPOCH_MASK, idLength, numberLength, start, end };
}

/** Writes a header with the number in the clear; returns where the ciphertext starts. `length` is left out at a datagram's end. An empty `id` is none. */
export function writeUnifiedHeader(
  out: Uint8Array,
  offset: number,
  epoch: number,
  sequence: number,
  numberLength: 1 | 2,
  length: number | undefined,
  id: Uint8Array = NO_ID,
): number {
  out[offset] =
    FIXED |
    (id.length > 0 ? CID : 0) |
    (numberLength === 2 ? LONG_NUMBER : 0) |
    (length === undefined ? 0 : LENGTH) |
    (epoch & EPOCH_MASK);
  out.set(id, offset + 1);
  let at = offset + 1 + id.length;
  if (numberLength === 2) out[at++] = sequence >>> 8;
  out[at++] = sequence;
  if (length === undefined) return at;
  out[at++] = length >> 8;
  out[at++] = length;
  return at;
}
