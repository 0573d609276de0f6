import { CborError } from '@lb-matrix/lb-cbor-keys';
import { type Head, readHead } from './cbor-head.ts';
import { MAX_DEPTH } from './cbor-reader.ts';

/** Longest item, as in lb-cbor-keys. */
const MAX_ITEM_BYTES = 64 * 1024 * 1024;

/**
 * Cuts a CBOR sequence (RFC 8742) into its items, each as soon as it is complete. It looks at lengths and nesting only:
 * whether an item is well-formed is for its reader to say.
 *
 * @param pieces - the sequence, cut anywhere
 * @throws CborError with an offset into the item
 */
export async function* cborItems(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const cutter = new ItemCutter();
  for await (const piece of pieces) {
    cutter.append(piece);
    for (let item = cutter.next(); item; item = cutter.next()) yield item;
  }
  cutter.end();
}

class ItemCutter {
  #buffer = new Uint8Array(65_536);
  /** Where the unfinished item begins in the buffer, up to where it is looked through, and what is there. */
  #start = 0;
  #at = 0;
  #length = 0;
  /** How many items are missing in each that is open, the outermost first; Infinity is until a break. */
  readonly #open: number[] = [];

  append(piece: Uint8Array): void {
    const kept = this.#buffer.subarray(this.#start, this.#length);
    const needed = kept.length + piece.length;
    // Twice as much, so that an item in many pieces is not copied for each of them.
    if (needed > this.#buffer.length) this.#buffer = new Uint8Array(needed * 2);
    this.#buffer.set(kept);
    this.#buffer.set(piece, kept.length);
    this.#at -= this.#start;
    this.#start = 0;
    this.#length = needed;
  }

  /** The next complete item, if there is one. */
  next(): Uint8Array | undefined {
    while (this.#step()) {
      if (this.#open.length > 0) continue;
      const item = this.#buffer.slice(this.#start, this.#at);
      this.#start = this.#at;
      return item;
    }
    return undefined;
  }

  end(): void {
    if (this.#start < this.#length) throw new CborError('truncated', this.#length - this.#start);
  }

  /** Past one head, and the string that it announces. False if not all of that is there. */
  #step(): boolean {
    const bytes = this.#buffer.subarray(this.#start, this.#length);
    const head = readHead(bytes, this.#at - this.#start);
    if (!head) return false;
    const isString = head.kind === 'bytes' || head.kind === 'text';
    const end = head.at + head.size + (isString ? Number(head.argument) : 0);
    if (end > MAX_ITEM_BYTES) throw new CborError('too_large', MAX_ITEM_BYTES);
    if (end > bytes.length) return false;
    this.#at = this.#start + end;
    this.#enter(head);
    return true;
  }

  #enter(head: Head): void {
    const open = this.#open;
    if (head.kind === 'break') {
      if (open.pop() !== Number.POSITIVE_INFINITY) throw new CborError('unexpected_break', head.at);
    } else {
      const inside = itemsInside(head);
      if (inside > 0) {
        if (open.length === MAX_DEPTH) throw new CborError('too_deep', head.at);
        open.push(inside);
        return;
      }
    }
    // An item has ended, and with it those of which it was the last.
    while (open.length > 0) {
      open[open.length - 1]! -= 1;
      if (open.at(-1)! > 0) break;
      open.pop();
    }
  }
}

function itemsInside({ kind, indefinite, argument }: Head): number {
  if (indefinite) return Number.POSITIVE_INFINITY;
  if (kind === 'array') return Number(argument);
  if (kind === 'map') return Number(argument) * 2;
  return kind === 'tag' ? 1 : 0;
}
