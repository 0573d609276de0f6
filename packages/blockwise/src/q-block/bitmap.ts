/** A set of the numbers from 0 to `size - 1`, one bit each. */
export class Bitmap {
  readonly size: number;
  readonly #words: Uint32Array;
  #count = 0;

  constructor(size: number) {
    this.size = size;
    this.#words = new Uint32Array((size + 31) >>> 5);
  }

  /** How many are in it. */
  get count(): number {
    return this.#count;
  }

  has(number: number): boolean {
    return number < this.size && (this.#words[number >>> 5]! & (1 << (number & 31))) !== 0;
  }

  /** True when it was not in it before. */
  add(number: number): boolean {
    if (number >= this.size || this.has(number)) return false;
    this.#words[number >>> 5]! |= 1 << (number & 31);
    this.#count++;
    return true;
  }

  /** True when it was in it before. */
  delete(number: number): boolean {
    if (!this.has(number)) return false;
    this.#words[number >>> 5]! &= ~(1 << (number & 31));
    this.#count--;
    return true;
  }

  /** The first from `start` on that is in it; `size` when there is none. */
  nextIn(start: number): number {
    return this.#next(start, 0);
  }

  /** The first from `start` on that is not in it; `size` when there is none. */
  nextOut(start: number): number {
    return this.#next(start, -1);
  }

  /** The first whose bit, the word being mixed with `mask`, is 1. */
  #next(start: number, mask: number): number {
    let word = start >>> 5;
    if (start >= this.size) return this.size;
    let bits = (this.#words[word]! ^ mask) & (-1 << (start & 31));
    while (bits === 0) {
      word++;
      if (word === this.#words.length) return this.size;
      bits = this.#words[word]! ^ mask;
    }
    return Math.min(this.size, word * 32 + 31 - Math.clz32(bits & -bits));
  }
}
