import type { ByteWriter } from './byte-writer.ts';
import { CborError } from './cbor-error.ts';

/** Numbers kept for each member: where it begins in the output, where its key ends, and `offset * 2 + form`. */
const FIELDS = 3;
/** Up to so many members are compared each with each; more are sorted first. */
const FEW = 16;
/** The longest list that is kept for the next call. */
const KEPT_FIELDS = 4096 * FIELDS;

/** The form of a key. Where one name comes in both, the text wins (MSC3079). */
const INTEGER_FORM = 0;
const TEXT_FORM = 1;

/** One list serves call after call; a nested call, or one after an error, makes its own. */
let spare: Int32Array | undefined;

/** Compares the keys of two members by their indices. */
export type KeyOrder = (a: number, b: number) => number;

/**
 * The members of the maps that are being written, kept so that the end of a map can find keys that came twice, take out
 * the member that loses, and put the rest in order. Equal keys are equal bytes in the output: both CBOR as we write it
 * and JSON as we write it have one form for each key, and an integer key is written into JSON as its name.
 */
export class Members {
  readonly #out: ByteWriter;
  /** Bytes between two members in the output: none in CBOR, the comma in JSON. */
  readonly #separator: 0 | 1;
  /** What a key twice in the same form is: an error, or replaced by the later one as in JSON.parse. */
  readonly #twins: 'refuse' | 'last-wins';
  #fields: Int32Array;
  #count = 0;

  constructor(out: ByteWriter, separator: 0 | 1, twins: 'refuse' | 'last-wins') {
    this.#out = out;
    this.#separator = separator;
    this.#twins = twins;
    this.#fields = spare ?? new Int32Array(64 * FIELDS);
    spare = undefined;
  }

  /** To be called when all maps are closed. */
  finish(): void {
    if (this.#fields.length <= KEPT_FIELDS) spare = this.#fields;
  }

  /** Begins a map; the result is what `close` wants back. */
  open(): number {
    return this.#count;
  }

  /**
   * Adds a member whose key is the output from `start` to its present end, separators not included.
   *
   * @param offset - where the key stands in the input
   */
  addText(start: number, offset: number): void {
    this.#add(start, offset, TEXT_FORM);
  }

  /** The same for a key that came as an integer. */
  addInteger(start: number, offset: number): void {
    this.#add(start, offset, INTEGER_FORM);
  }

  /**
   * Ends a map, after its last member.
   *
   * @param mark - from `open`
   * @param order - the order to bring the members into; without it they keep theirs
   * @returns how many members are left
   * @throws CborError `duplicate_key`
   */
  close(mark: number, order?: KeyOrder): number {
    const count = this.#count - mark;
    const losers = count < 2 ? undefined : count <= FEW ? this.#compareEach(mark) : this.#compareSorted(mark);
    if (losers || (order && count > 1)) this.#rewrite(mark, losers, order);
    this.#count = mark;
    return count - (losers?.size ?? 0);
  }

  /** Shorter keys first, then bytewise: the order of canonical CBOR (RFC 7049 3.9). */
  readonly canonicalOrder: KeyOrder = (a, b) => this.#keyLength(a) - this.#keyLength(b) || this.#compareKeys(a, b);

  /** The bytes of a member's key in the output, until the output changes. */
  key(index: number): Uint8Array {
    return this.#out.bytes.subarray(this.#start(index), this.#keyEnd(index));
  }

  #add(start: number, offset: number, form: number): void {
    const at = this.#count * FIELDS;
    if (at === this.#fields.length) {
      const fields = new Int32Array(at * 2);
      fields.set(this.#fields);
      this.#fields = fields;
    }
    this.#fields[at] = start;
    this.#fields[at + 1] = this.#out.length;
    this.#fields[at + 2] = offset * 2 + form;
    this.#count += 1;
  }

  #start(index: number): number {
    return this.#fields[index * FIELDS]!;
  }

  #keyEnd(index: number): number {
    return this.#fields[index * FIELDS + 1]!;
  }

  #keyLength(index: number): number {
    return this.#keyEnd(index) - this.#start(index);
  }

  /** The losers among few members. Most keys differ in length or near their end. */
  #compareEach(mark: number): Set<number> | undefined {
    const fields = this.#fields;
    const { bytes } = this.#out;
    let losers: Set<number> | undefined;
    for (let b = mark + 1; b < this.#count; b++) {
      const startB = fields[b * FIELDS]!;
      const endB = fields[b * FIELDS + 1]!;
      for (let a = mark; a < b; a++) {
        const endA = fields[a * FIELDS + 1]!;
        if (endA - fields[a * FIELDS]! !== endB - startB) continue;
        let back = 1;
        while (back <= endB - startB && bytes[endA - back] === bytes[endB - back]) back += 1;
        if (back <= endB - startB) continue;
        losers = this.#lose(a, b, losers);
      }
    }
    return losers;
  }

  /** The losers among many: time grows as n log n, whatever the keys. */
  #compareSorted(mark: number): Set<number> | undefined {
    const indices = Array.from({ length: this.#count - mark }, (_, i) => mark + i);
    indices.sort((a, b) => this.canonicalOrder(a, b) || this.#form(a) - this.#form(b) || a - b);
    let losers: Set<number> | undefined;
    for (let i = 1; i < indices.length; i++) {
      const a = indices[i - 1]!;
      const b = indices[i]!;
      if (this.canonicalOrder(a, b) === 0) losers = this.#lose(a, b, losers);
    }
    return losers;
  }

  /** Decides between two members with the same key, of which `b` is the later one or the text. */
  #lose(a: number, b: number, losers = new Set<number>()): Set<number> {
    if (this.#form(a) !== this.#form(b)) return losers.add(this.#form(a) === INTEGER_FORM ? a : b);
    if (this.#twins === 'refuse') throw new CborError('duplicate_key', this.#fields[b * FIELDS + 2]! >> 1);
    return losers.add(a);
  }

  #form(index: number): number {
    return this.#fields[index * FIELDS + 2]! & 1;
  }

  #compareKeys(a: number, b: number): number {
    const { bytes } = this.#out;
    const startA = this.#start(a);
    const startB = this.#start(b);
    const length = Math.min(this.#keyLength(a), this.#keyLength(b));
    for (let i = 0; i < length; i++) {
      const difference = bytes[startA + i]! - bytes[startB + i]!;
      if (difference !== 0) return difference;
    }
    return this.#keyLength(a) - this.#keyLength(b);
  }

  /** Writes the map's members anew: all but the losers, in the order wanted. */
  #rewrite(mark: number, losers: ReadonlySet<number> | undefined, order: KeyOrder | undefined): void {
    const start = this.#start(mark);
    const kept = Array.from({ length: this.#count - mark }, (_, i) => mark + i).filter((i) => !losers?.has(i));
    if (order) kept.sort(order);
    const before = this.#out.bytes.slice(start, this.#out.length);
    const { bytes } = this.#out;
    let at = start;
    for (const index of kept) {
      const next = index + 1 < this.#count ? this.#start(index + 1) - this.#separator : this.#out.length;
      if (at > start && this.#separator === 1) bytes[at++] = 0x2c;
      bytes.set(before.subarray(this.#start(index) - start, next - start), at);
      at += next - this.#start(index);
    }
    this.#out.length = at;
  }
}
