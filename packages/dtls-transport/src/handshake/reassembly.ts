import {
  HANDSHAKE_TYPE,
  type HandshakeFragment,
  type HandshakeMessage,
  handshakeMessage,
} from '../wire/handshake-message.ts';

/** Messages that may wait for an earlier one: the longest flight of DTLS 1.2 is shorter. */
const MAX_AHEAD = 8;

/** Pieces that are held at most: a chain of 64 KiB needs 400 at the smallest MTU. */
const MAX_PIECES = 512;

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A message of which pieces are missing; `pieces` are in order and do not overlap. */
interface Partial {
  readonly type: number;
  readonly length: number;
  readonly pieces: Piece[];
  received: number;
}

/**
 * Puts messages together from fragments and hands them out in the order of their message_seq (RFC 6347 4.2.2, 4.2.3). What
 * it holds is bounded by `maxBytes` and by the bytes that really arrived; a declared length allocates nothing.
 */
export class Reassembly {
  readonly #maxBytes: number;
  readonly #partials = new Map<number, Partial>();
  #next: number;
  #bytes = 0;
  #pieces = 0;

  constructor(maxBytes: number, firstSeq = 0) {
    this.#maxBytes = maxBytes;
    this.#next = firstSeq;
  }

  /** The message_seq of the message that comes next. */
  get next(): number {
    return this.#next;
  }

  /** Something is held, but not what stands before it. */
  get hasGap(): boolean {
    for (const [seq, { pieces, received }] of this.#partials) {
      const last = pieces.at(-1);
      if (seq !== this.#next || (last !== undefined && last.offset + last.bytes.length > received)) return true;
    }
    return false;
  }

  /** Takes a fragment of the next message or of a later one; false when a bound forbids it. */
  add(fragment: HandshakeFragment): boolean {
    const { messageSeq, length, bytes } = fragment;
    if (messageSeq >= this.#next + MAX_AHEAD || length > this.#maxBytes) return false;
    // CVE-2022-29190: an empty fragment of a message that is not empty brings nothing.
    if (bytes.length === 0 && length > 0) return false;
    if (this.#insert(this.#partial(fragment), fragment)) return true;
    if (messageSeq > this.#next) return false;
    // The next message has precedence: those that wait for it make room, and come again.
    this.#dropAllBut(messageSeq);
    return this.#insert(this.#partial(fragment), fragment);
  }

  /** The next message when it is whole. */
  take(): HandshakeMessage | undefined {
    const partial = this.#partials.get(this.#next);
    if (partial === undefined || partial.received < partial.length) return undefined;
    this.#drop(this.#next, partial);
    return handshakeMessage(partial.type, this.#next++, ...partial.pieces.map((piece) => piece.bytes));
  }

  /** Forgets everything and expects the message `seq` again. */
  restart(seq: number): void {
    this.#partials.clear();
    this.#bytes = 0;
    this.#pieces = 0;
    this.#next = seq;
  }

  /**
   * CVE-2014-0195: fragments of one message_seq with another type or length are never mixed. The later ones win: of two
   * stories one is forged or damaged, and only the honest one is repeated until it arrives.
   */
  #partial({ messageSeq, type, length }: HandshakeFragment): Partial {
    const known = this.#partials.get(messageSeq);
    if (known !== undefined) {
      if (known.type === type && known.length === length) return known;
      this.#drop(messageSeq, known);
    }
    const fresh = { type, length, pieces: [], received: 0 };
    this.#partials.set(messageSeq, fresh);
    return fresh;
  }

  /** RFC 6347 4.2.3: ranges may overlap; only bytes that are still missing are copied. False when a bound forbids it. */
  #insert(partial: Partial, { offset, bytes }: HandshakeFragment): boolean {
    const gaps: Piece[] = [];
    const end = offset + bytes.length;
    let at = offset;
    for (const piece of partial.pieces) {
      if (piece.offset >= end) break;
      if (at < piece.offset) gaps.push({ offset: at, bytes: bytes.slice(at - offset, piece.offset - offset) });
      at = Math.max(at, piece.offset + piece.bytes.length);
    }
    if (at < end) gaps.push({ offset: at, bytes: bytes.slice(at - offset) });
    const added = gaps.reduce((sum, gap) => sum + gap.bytes.length, 0);
    if (this.#bytes + added > this.#maxBytes || this.#pieces + gaps.length > MAX_PIECES) return false;
    this.#bytes += added;
    this.#pieces += gaps.length;
    partial.received += added;
    partial.pieces.push(...gaps);
    partial.pieces.sort((a, b) => a.offset - b.offset);
    return true;
  }

  #dropAllBut(messageSeq: number): void {
    for (const [seq, partial] of this.#partials) if (seq !== messageSeq) this.#drop(seq, partial);
  }

  #drop(seq: number, partial: Partial): void {
    this.#partials.delete(seq);
    this.#bytes -= partial.received;
    this.#pieces -= partial.pieces.length;
  }
}

/** CVE-2021-42141: Finished is the one message of the protected epoch, all others belong to epoch 0. */
export function belongsToEpoch(type: number, epoch: number): boolean {
  return (type === HANDSHAKE_TYPE.finished) === epoch > 0;
}
