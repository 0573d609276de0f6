import { CborError } from './cbor-error.ts';

const FIRST_SIZE = 4096;
/** The largest buffer that is kept for the next call. */
const KEPT_SIZE = 256 * 1024;
/** Callers reserve for the worst case, so the buffer may be this much longer than what is finally allowed. */
const SLACK = 4096;

/** One buffer serves call after call, since most bodies are small and each call copies its result out at the end. */
let spare: Uint8Array | undefined;

/** A growing output. Who writes calls `reserve` first and then stores into `bytes` at `length` on their own. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.bytes = spare ?? new Uint8Array(FIRST_SIZE);
    spare = undefined;
  }

  /** Makes room for `count` more bytes and returns the buffer, which may be another one now. */
  reserve(count: number): Uint8Array {
    if (this.length + count > this.bytes.length) this.#grow(this.length + count);
    return this.bytes;
  }

  push(byte: number): void {
    this.reserve(1)[this.length++] = byte;
  }

  /** Moves everything from `start` on by `count` bytes, to make room for what was not known there. */
  shift(start: number, count: number): void {
    this.reserve(count).copyWithin(start + count, start, this.length);
    this.length += count;
  }

  /** A copy of what was written. The writer is not to be used after it. */
  finish(): Uint8Array {
    if (this.length > this.#maxBytes) throw new CborError('too_large', this.#maxBytes);
    const result = new Uint8Array(this.length);
    result.set(this.bytes.subarray(0, this.length));
    if (this.bytes.length <= KEPT_SIZE) spare = this.bytes;
    return result;
  }

  #grow(needed: number): void {
    if (needed > this.#maxBytes + SLACK) throw new CborError('too_large', this.#maxBytes);
    const bytes = new Uint8Array(Math.min(Math.max(needed, this.bytes.length * 2), this.#maxBytes + SLACK));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
  }
}
