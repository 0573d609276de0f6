import type { RecordWriter } from '../record/write-epoch-13.ts';
import type { RecordNumber } from '../wire/ack.ts';
import { concatBytes } from '../wire/bytes.ts';
import { HANDSHAKE_HEADER_LENGTH, type HandshakeMessage, writeHandshakeHeader } from '../wire/handshake-message.ts';

/** A fragment is not made smaller than this unless it is a message's end: better to begin the next datagram. */
const MIN_FRAGMENT = 32;

/** So many sendings are remembered: a peer that acknowledges nothing for days must not make us keep more and more. */
const MAX_REMEMBERED = 10;

/** One message of a flight and the epoch that it goes out in. */
export interface AckedPart {
  readonly writer: RecordWriter;
  readonly message: HandshakeMessage;
}

/** Bytes `[start..end)` of the body of message `part`. */
interface Span {
  readonly part: number;
  readonly start: number;
  readonly end: number;
}

/** The content of a record, and what to remember once it has its number. */
export interface FlightRecord {
  readonly writer: RecordWriter;
  readonly content: Uint8Array;
  /** To be called with the number of the record. */
  sentAs(number: RecordNumber): void;
}

/**
 * The messages that we send together and repeat together until they are acknowledged (RFC 9147 5.8, 7.2): what an ACK names is
 * not sent again. Whole messages share a record (RFC 9147 5.5); a fragment ends its record.
 */
export class AckedFlight {
  readonly #parts: readonly AckedPart[];
  /** What nobody has acknowledged, in order. */
  #missing: readonly Span[];
  /** What of it is still to be sent this time. */
  #queue: readonly Span[];
  /** By record, the oldest first. */
  readonly #sent = new Map<string, { readonly spans: readonly Span[]; readonly sending: number }>();
  /** How often it has gone out before. */
  #sending = 0;

  constructor(parts: readonly AckedPart[]) {
    this.#parts = parts;
    this.#missing = parts.map(({ message }, part) => ({ part, start: 0, end: message.body.length }));
    this.#queue = this.#missing;
  }

  /** There is something left to write. */
  get pending(): boolean {
    return this.#queue.length > 0;
  }

  /** All of it has arrived. */
  get isDone(): boolean {
    return this.#missing.length === 0;
  }

  /** Writes again what has not been acknowledged. */
  rewind(): void {
    this.#queue = this.#missing;
    this.#sending += 1;
    for (const [key, { sending }] of this.#sent) {
      if (sending > this.#sending - MAX_REMEMBERED) break;
      this.#sent.delete(key);
    }
  }

  /** The peer has shown that it has everything. */
  finish(): void {
    this.#missing = [];
    this.#queue = [];
    this.#sent.clear();
  }

  /** The peer has these records; true when some of them were news. */
  acknowledge(numbers: readonly RecordNumber[]): boolean {
    let news = false;
    // An ACK is protected by keys that the messages in the clear have made, so these have arrived (RFC 9147 7).
    const isProtected = ({ part }: Span) => this.#parts[part]!.writer.epoch > 0;
    this.#missing = this.#missing.filter(isProtected);
    this.#queue = this.#queue.filter(isProtected);
    for (const number of numbers) {
      const record = this.#sent.get(keyOf(number));
      if (record === undefined) continue;
      news = true;
      this.#sent.delete(keyOf(number));
      for (const span of record.spans) {
        this.#missing = without(this.#missing, span);
        this.#queue = without(this.#queue, span);
      }
    }
    if (this.isDone) this.finish();
    return news;
  }

  /** The next record; `roomFor` says how much content one of an epoch may have. `undefined` when the room is too small. */
  next(roomFor: (writer: RecordWriter) => number): FlightRecord | undefined {
    const [first] = this.#queue;
    if (first === undefined) return undefined;
    const { writer } = this.#parts[first.part]!;
    const pieces: Uint8Array[] = [];
    const spans: Span[] = [];
    let room = roomFor(writer);
    while (this.#queue.length > 0) {
      const [span] = this.#queue as [Span];
      const { writer: own, message } = this.#parts[span.part]!;
      if (own !== writer || (span.start > 0 && pieces.length > 0)) break;
      const wanted = span.end - span.start;
      const take = Math.min(wanted, room - HANDSHAKE_HEADER_LENGTH);
      if (take < Math.min(wanted, MIN_FRAGMENT)) break;
      const piece = { ...span, end: span.start + take };
      pieces.push(fragment(message, piece));
      spans.push(piece);
      room -= HANDSHAKE_HEADER_LENGTH + take;
      const rest = this.#queue.slice(1);
      this.#queue = take < wanted ? [{ ...span, start: piece.end }, ...rest] : rest;
      if (take < message.body.length) break;
    }
    if (pieces.length === 0) return undefined;
    return {
      writer,
      content: concatBytes(pieces),
      sentAs: (number) => void this.#sent.set(keyOf(number), { spans, sending: this.#sending }),
    };
  }
}

function fragment({ type, messageSeq, body }: HandshakeMessage, { start, end }: Span): Uint8Array {
  const piece = new Uint8Array(HANDSHAKE_HEADER_LENGTH + end - start);
  const header = { type, length: body.length, messageSeq, offset: start, fragmentLength: end - start };
  piece.set(body.subarray(start, end), writeHandshakeHeader(piece, 0, header));
  return piece;
}

/** The spans without the bytes of one. */
function without(spans: readonly Span[], gone: Span): readonly Span[] {
  return spans.flatMap((span) => {
    if (span.part !== gone.part || gone.end <= span.start || gone.start >= span.end) return span;
    const before = { ...span, end: Math.max(span.start, gone.start) };
    const after = { ...span, start: Math.min(span.end, gone.end) };
    return [before, after].filter(({ start, end }) => start < end);
  });
}

function keyOf({ epoch, sequence }: RecordNumber): string {
  return `${epoch}.${sequence}`;
}
