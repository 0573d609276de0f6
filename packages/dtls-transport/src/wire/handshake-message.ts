/** RFC 6347 4.2.2: handshake messages and their fragments. */

export const HANDSHAKE_HEADER_LENGTH = 12;

/** RFC 6347 4.3.2, RFC 9147 5.2. */
export const HANDSHAKE_TYPE = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  newSessionTicket: 4,
  encryptedExtensions: 8,
  requestConnectionId: 9,
  newConnectionId: 10,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
  keyUpdate: 24,
  compressedCertificate: 25,
  messageHash: 254,
} as const;

/** A piece of a message: `bytes` are its bytes `offset` and on. */
export interface HandshakeFragment {
  readonly type: number;
  /** Of the whole message's body. */
  readonly length: number;
  readonly messageSeq: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A whole message. */
export interface HandshakeMessage {
  readonly type: number;
  readonly messageSeq: number;
  readonly body: Uint8Array;
  /** Header and body as one fragment: what transcripts hash (RFC 6347 4.2.6). */
  readonly raw: Uint8Array;
}

/** The fragment at `offset`, or `undefined` when no whole, consistent one stands there. Never throws. */
export function readHandshakeFragment(bytes: Uint8Array, offset: number): HandshakeFragment | undefined {
  const start = offset + HANDSHAKE_HEADER_LENGTH;
  if (start > bytes.length) return undefined;
  const length = u24(bytes, offset + 1);
  const fragmentOffset = u24(bytes, offset + 6);
  const fragmentLength = u24(bytes, offset + 9);
  if (start + fragmentLength > bytes.length || fragmentOffset + fragmentLength > length) return undefined;
  return {
    type: bytes[offset]!,
    length,
    messageSeq: (bytes[offset + 4]! << 8) | bytes[offset + 5]!,
    offset: fragmentOffset,
    bytes: bytes.subarray(start, start + fragmentLength),
  };
}

/** Writes the header of a fragment; returns where its bytes start. */
export function writeHandshakeHeader(
  out: Uint8Array,
  at: number,
  header: { type: number; length: number; messageSeq: number; offset: number; fragmentLength: number },
): number {
  out[at] = header.type;
  writeU24(out, at + 1, header.length);
  out[at + 4] = header.messageSeq >> 8;
  out[at + 5] = header.messageSeq;
  writeU24(out, at + 6, header.offset);
  writeU24(out, at + 9, header.fragmentLength);
  return at + HANDSHAKE_HEADER_LENGTH;
}

/** A message of ours, or one that has been put together from `pieces` in order. */
export function handshakeMessage(type: number, messageSeq: number, ...pieces: readonly Uint8Array[]): HandshakeMessage {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const raw = new Uint8Array(HANDSHAKE_HEADER_LENGTH + length);
  let at = writeHandshakeHeader(raw, 0, { type, length, messageSeq, offset: 0, fragmentLength: length });
  for (const piece of pieces) {
    raw.set(piece, at);
    at += piece.length;
  }
  return { type, messageSeq, body: raw.subarray(HANDSHAKE_HEADER_LENGTH), raw };
}

function u24(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
}

function writeU24(out: Uint8Array, offset: number, value: number): void {
  out[offset] = value >> 16;
  out[offset + 1] = value >> 8;
  out[offset + 2] = value;
}
