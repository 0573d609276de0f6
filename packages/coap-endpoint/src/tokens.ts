/**
 * Tokens of 1 to 4 bytes that do not repeat before all of that length were used, and of which nobody guesses one of 4: a
 * counter, permuted by `factor * n + offset` with two random numbers (RFC 7252 section 5.3.1). Every request takes a Message
 * ID as well, and those do not repeat within an exchange's lifetime; so neither do tokens of more than one byte.
 */
export class Tokens {
  /** Bytes of a token for a request. */
  readonly length: 1 | 2 | 3 | 4;
  readonly #factor: number;
  #value: number;

  constructor(length: 1 | 2 | 3 | 4, randomBytes: (length: number) => Uint8Array) {
    const bytes = randomBytes(8);
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    this.length = length;
    // An odd factor permutes the numbers of any count of bits.
    this.#factor = view.getUint32(0) | 1;
    this.#value = view.getUint32(4);
  }

  /** A new token. Of one byte: it was in use 256 tokens ago, and may be still. */
  take(): Uint8Array {
    return this.#next(this.length);
  }

  /** A new token of two bytes at least, for what may be answered at any time. */
  takeLasting(): Uint8Array {
    return this.#next(Math.max(2, this.length));
  }

  #next(length: number): Uint8Array {
    this.#value = (this.#value + this.#factor) >>> 0;
    const bytes = Uint8Array.of(this.#value >>> 24, this.#value >>> 16, this.#value >>> 8, this.#value);
    // The low bytes alone run through all their values.
    return bytes.subarray(4 - length);
  }
}
