import { concatBytes } from './bytes.ts';

/** Writes one struct of RFC 5246's presentation language; handshake messages are small and rare, so it collects pieces. */
export class ByteWriter {
  readonly #pieces: Uint8Array[] = [];

  u8(value: number): this {
    return this.raw(Uint8Array.of(value));
  }

  u16(value: number): this {
    return this.raw(Uint8Array.of(value >> 8, value));
  }

  u24(value: number): this {
    return this.raw(Uint8Array.of(value >> 16, value >> 8, value));
  }

  raw(bytes: Uint8Array): this {
    this.#pieces.push(bytes);
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
    return concatBytes(this.#pieces);
  }
}

/** A list of 16-bit numbers, such as cipher suites or groups. */
export function u16List(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}
