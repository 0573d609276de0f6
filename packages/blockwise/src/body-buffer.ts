const FIRST_CAPACITY = 256;
const EMPTY: Uint8Array = new Uint8Array();

/** A body that grows with the blocks that really arrive: nothing is allocated for a size that a peer only announces. */
export class BodyBuffer {
  #bytes: Uint8Array = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that holding `length` bytes takes. */
  static capacityFor(length: number): number {
    if (length === 0) return 0;
    let capacity = FIRST_CAPACITY;
    while (capacity < length) capacity *= 2;
    return capacity;
  }

  append(block: Uint8Array): void {
    const end = this.#length + block.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(BodyBuffer.capacityFor(end));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(block, this.#length);
    this.#length = end;
  }

  /** Whether `block` is what the body holds at `offset` already. */
  matches(offset: number, block: Uint8Array): boolean {
    if (offset + block.length > this.#length) return false;
    for (let i = 0; i < block.length; i++) if (this.#bytes[offset + i] !== block[i]) return false;
    return true;
  }

  /** The whole body, without a copy; the buffer is not used afterwards. */
  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
