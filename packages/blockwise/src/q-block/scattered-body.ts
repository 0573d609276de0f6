import { blockSize, MAX_BLOCK_NUMBER } from '../block.ts';
import { BodyBuffer } from '../body-buffer.ts';
import { Bitmap } from './bitmap.ts';

/** How far beyond what is here a block may stand, in bytes, whatever is here. */
const AHEAD = 131_072;
/** And how many times as far as what is here. Whoever sends in order gets there with nine of ten blocks lost. */
const AHEAD_FACTOR = 10;
const EMPTY: Uint8Array = new Uint8Array();

/** What became of a block that was put into a `ScatteredBody`. */
export type Placement =
  | 'new'
  | 'duplicate'
  /** Too far beyond what is here: as good as lost. */
  | 'too_far'
  /** No block of this body: its number, length or M cannot be. */
  | 'bad_block';

/**
 * A body of known size whose blocks come in any order: one buffer and one bit a block. Memory grows with what arrives, not with the
 * size that was announced: a block far beyond all others is not taken.
 */
export class ScatteredBody {
  /** In bytes. */
  readonly size: number;
  readonly szx: number;
  readonly #here: Bitmap;
  #bytes: Uint8Array = EMPTY;
  /** Blocks that are here without a gap before them, and the one after the furthest. */
  #whole = 0;
  #end = 0;

  /** `size` and `szx`: such that `countable`. */
  constructor(size: number, szx: number) {
    this.size = size;
    this.szx = szx;
    this.#here = new Bitmap(Math.max(1, Math.ceil(size / blockSize(szx))));
  }

  /** Whether NUM can count the blocks (RFC 7959 section 2.2: 20 bits), and name the one after the last in a 'Continue'. */
  static countable(size: number, szx: number): boolean {
    return size <= MAX_BLOCK_NUMBER * blockSize(szx);
  }

  /** Blocks of the whole. */
  get count(): number {
    return this.#here.size;
  }

  /** Blocks that are here. */
  get received(): number {
    return this.#here.count;
  }

  get complete(): boolean {
    return this.#here.count === this.#here.size;
  }

  /** The first block that is missing; `count` when none is. */
  get firstMissing(): number {
    return this.#whole;
  }

  /** The block after the furthest that is here. */
  get end(): number {
    return this.#end;
  }

  /** The first block from `start` on that is missing; `count` when there is none. */
  nextMissing(start: number): number {
    return this.#here.nextOut(start);
  }

  has(num: number): boolean {
    return this.#here.has(num);
  }

  /** Bytes of memory that it takes once this block was offered to it. */
  memoryWith(num: number): number {
    const end = this.#endOf(num);
    return this.#here.size / 8 + Math.max(this.#bytes.length, this.#tooFar(end) ? 0 : this.#capacityFor(end));
  }

  put(num: number, more: boolean, payload: Uint8Array): Placement {
    if (num >= this.count) return 'bad_block';
    const offset = num * blockSize(this.szx);
    const end = this.#endOf(num);
    // RFC 7959 section 2.3: all blocks but the last have the size of SZX, and M.
    if (more !== num < this.count - 1 || payload.length !== end - offset) return 'bad_block';
    if (this.#here.has(num)) return 'duplicate';
    if (this.#tooFar(end)) return 'too_far';
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(this.#capacityFor(end));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(payload, offset);
    this.#here.add(num);
    this.#end = Math.max(this.#end, num + 1);
    if (num === this.#whole) this.#whole = this.#here.nextOut(num);
    return 'new';
  }

  /** The whole body, without a copy, when all blocks are here. */
  take(): Uint8Array {
    return this.#bytes.subarray(0, this.size);
  }

  #endOf(num: number): number {
    return Math.min(this.size, (num + 1) * blockSize(this.szx));
  }

  #tooFar(end: number): boolean {
    return end > AHEAD + AHEAD_FACTOR * this.#here.count * blockSize(this.szx);
  }

  #capacityFor(end: number): number {
    return Math.min(this.size, BodyBuffer.capacityFor(end));
  }
}
