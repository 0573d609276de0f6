/** Bytes that a writer begins with: most structs are no longer. */
const FIRST_ROOM = 64;

/** Writes one struct of RFC 5246's presentation language. */
export class ByteWriter {
  #out: Uint8Array = new Uint8Array(FIRST_ROOM);
  #length = 0;

  u8(value: number): this {
    const at = this.#take(1);
    this.#out[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#take(2);
    this.#out[at] = value >> 8;
    this.#out[at + 1] = value;
    return this;
  }

  u24(value: number): this {
    return this.u8(value >> 16).u16(value);
  }

  raw(bytes: Uint8Array): this {
    const at = this.#take(bytes.length);
    this.#out.set(bytes, at);
    return this;
  }

  vector8(bytes: Uint8Array): this {
    return this.u8(bytes.length).raw(bytes);
  }

  vector16(bytes: Uint8Array): this {
    return this.u16(bytes.length).raw(bytes);
  }

  vector24(bytes: Uint8Array): this {
    return this.u24(bytes.length).raw(bytes);
  }

  bytes(): Uint8Array {
    return this.#out.slice(0, this.#length);
  }

  /** Makes room for so many bytes; returns where it begins. */
  #take(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#out.length) {
      const wider = new Uint8Array(Math.max(2 * this.#out.length, this.#length));
      wider.set(this.#out);
      this.#out = wider;
    }
    return at;
  }
}

/** A list of 16-bit numbers, such as cipher suites or groups. */
export function u16List(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}
