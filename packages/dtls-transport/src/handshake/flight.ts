import type { WriteEpoch } from '../record/write-epoch.ts';
import { concatBytes } from '../wire/bytes.ts';
import { HANDSHAKE_HEADER_LENGTH, type HandshakeMessage, writeHandshakeHeader } from '../wire/handshake-message.ts';
import { CONTENT_TYPE, MAX_PLAINTEXT } from '../wire/record.ts';

/** A fragment is not made smaller than this unless it is a message's end: better to begin the next datagram. */
const MIN_FRAGMENT = 32;

/** One thing of a flight: a handshake message or, in its place in the order, the ChangeCipherSpec (RFC 6347 4.2.5). */
export interface FlightPart {
  readonly writer: WriteEpoch;
  readonly message: HandshakeMessage | 'change-cipher-spec';
}

/**
 * The messages that we send together and repeat together (RFC 6347 4.2.4), packed into as few datagrams as they fit in.
 * Whole messages share a record (RFC 6347 4.2.3 allows it); a fragment ends its record, for peers that read on by the
 * message's length.
 */
export class Flight {
  readonly #parts: readonly FlightPart[];
  #part: number;
  /** Bytes of the current message's body that are written. */
  #written = 0;

  constructor(parts: readonly FlightPart[], wasSent = false) {
    this.#parts = parts;
    this.#part = wasSent ? parts.length : 0;
  }

  /** There is something left to write. */
  get pending(): boolean {
    return this.#part < this.#parts.length;
  }

  /** Writes the whole flight again. */
  rewind(): void {
    this.#part = 0;
    this.#written = 0;
  }

  /** Writes the next datagram of at most `limit` bytes to `out`; returns its length. */
  write(out: Uint8Array, limit: number): number {
    let at = 0;
    while (this.pending) {
      const end = this.#writeRecord(out, at, limit);
      if (end === at) break;
      at = end;
    }
    return at;
  }

  /** Writes one record at `at`; returns where it ends, or `at` when the room is too small. */
  #writeRecord(out: Uint8Array, at: number, limit: number): number {
    const { writer, message } = this.#parts[this.#part]!;
    const room = Math.min(limit - at - writer.overhead, MAX_PLAINTEXT);
    if (message === 'change-cipher-spec') {
      if (room < 1) return at;
      this.#part += 1;
      return writer.write(CONTENT_TYPE.changeCipherSpec, Uint8Array.of(1), out, at);
    }
    const content = this.#collect(writer, room);
    return content === undefined ? at : writer.write(CONTENT_TYPE.handshake, content, out, at);
  }

  /** Whole messages of the epoch for as long as they fit, and the beginning of the next one; or one fragment. */
  #collect(writer: WriteEpoch, room: number): Uint8Array | undefined {
    const pieces: Uint8Array[] = [];
    let left = room;
    while (this.pending) {
      const part = this.#parts[this.#part]!;
      if (part.writer !== writer || part.message === 'change-cipher-spec') break;
      if (this.#written > 0 && pieces.length > 0) break;
      const piece = this.#nextFragment(part.message, left);
      if (piece === undefined) break;
      pieces.push(piece);
      left -= piece.length;
      if (piece.length < part.message.raw.length) break;
    }
    return pieces.length === 0 ? undefined : concatBytes(pieces);
  }

  /** The next fragment of the current message for `room` bytes, its header included. */
  #nextFragment(message: HandshakeMessage, room: number): Uint8Array | undefined {
    const offset = this.#written;
    const rest = message.body.length - offset;
    const take = Math.min(rest, room - HANDSHAKE_HEADER_LENGTH);
    if (take < Math.min(rest, MIN_FRAGMENT)) return undefined;
    if (take === rest) {
      this.#part += 1;
      this.#written = 0;
      if (offset === 0) return message.raw;
    } else {
      this.#written += take;
    }
    const piece = new Uint8Array(HANDSHAKE_HEADER_LENGTH + take);
    const { type, messageSeq } = message;
    const header = { type, length: message.body.length, messageSeq, offset, fragmentLength: take };
    piece.set(message.body.subarray(offset, offset + take), writeHandshakeHeader(piece, 0, header));
    return piece;
  }
}
