/** RFC 6347 4.1: the record header. `length` bytes of the fragment follow it. */

export const RECORD_HEADER_LENGTH = 13;

/** RFC 5246 6.2.1, RFC 9147 4: content of a record. */
export const CONTENT_TYPE = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
  tls12Cid: 25, // RFC 9146 4
  ack: 26,
  returnRoutabilityCheck: 27, // RFC 9853
} as const;

/** RFC 6347 4.1: versions on the wire, ones' complement of 1.3, 1.2 and 1.0. */
export const DTLS_1_3 = 0xfefc;
export const DTLS_1_2 = 0xfefd;
export const DTLS_1_0 = 0xfeff;

/** RFC 5246 6.2.1: the most plaintext that one record carries. */
export const MAX_PLAINTEXT = 0x4000;

const NO_ID = new Uint8Array(0);

/** A record inside a datagram: its fragment is `datagram[start..end)`. */
export interface RecordHeader {
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  /** 48 bits. */
  readonly sequence: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The record at `offset`, or `undefined` when no whole record of DTLS 1.x stands there. `ownIds` is the length of the connection
 * ids that we have given out, of which one stands in front of the length of a tls12_cid record (RFC 9146 4). Never throws.
 */
export function readRecordHeader(datagram: Uint8Array, offset: number, ownIds = 0): RecordHeader | undefined {
  const idLength = datagram[offset] === CONTENT_TYPE.tls12Cid ? ownIds : 0;
  const start = offset + RECORD_HEADER_LENGTH + idLength;
  if (start > datagram.length) return undefined;
  const version = u16(datagram, offset + 1);
  if (version >> 8 !== 0xfe) return undefined;
  const end = start + u16(datagram, start - 2);
  if (end > datagram.length) return undefined;
  const sequence =
    u16(datagram, offset + 5) * 0x1_0000_0000 + u16(datagram, offset + 7) * 0x1_0000 + u16(datagram, offset + 9);
  return { type: datagram[offset]!, version, epoch: u16(datagram, offset + 3), sequence, start, end };
}

/** Writes a header at `offset`, with a connection id unless that is empty; returns where the fragment starts. */
export function writeRecordHeader(
  out: Uint8Array,
  offset: number,
  type: number,
  epoch: number,
  sequence: number,
  length: number,
  id: Uint8Array = NO_ID,
): number {
  out[offset] = type;
  writeU16(out, offset + 1, DTLS_1_2);
  writeEpochAndSequence(out, offset + 3, epoch, sequence);
  out.set(id, offset + 11);
  writeU16(out, offset + 11 + id.length, length);
  return offset + RECORD_HEADER_LENGTH + id.length;
}

/** The 64-bit number of a record: epoch and sequence as they stand on the wire (RFC 6347 4.1.2.1). */
export function writeEpochAndSequence(out: Uint8Array, offset: number, epoch: number, sequence: number): void {
  writeU16(out, offset, epoch);
  writeU16(out, offset + 2, Math.floor(sequence / 0x1_0000_0000));
  writeU16(out, offset + 4, (sequence >>> 16) & 0xffff);
  writeU16(out, offset + 6, sequence & 0xffff);
}

function u16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

function writeU16(out: Uint8Array, offset: number, value: number): void {
  out[offset] = value >> 8;
  out[offset + 1] = value;
}
