import { DtlsMalformedError, type MalformedReason } from '../errors.ts';

/** Reads one struct of RFC 5246's presentation language from front to back; every vector is a view. Throws `DtlsMalformedError`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #offset = 0;

  /** `what` names the struct in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#take(1)[0]!;
  }

  u16(): number {
    const bytes = this.#take(2);
    return (bytes[0]! << 8) | bytes[1]!;
  }

  u24(): number {
    const bytes = this.#take(3);
    return (bytes[0]! << 16) | (bytes[1]! << 8) | bytes[2]!;
  }

  fixed(length: number): Uint8Array {
    return this.#take(length);
  }

  /** `opaque x<minimum..maximum>` with a length of one byte. */
  vector8(minimum = 0, maximum = 0xff): Uint8Array {
    return this.#vector(this.u8(), minimum, maximum);
  }

  /** `opaque x<minimum..maximum>` with a length of two bytes. */
  vector16(minimum = 0, maximum = 0xffff): Uint8Array {
    return this.#vector(this.u16(), minimum, maximum);
  }

  /** `opaque x<minimum..maximum>` with a length of three bytes. */
  vector24(minimum = 0, maximum = 0xffffff): Uint8Array {
    return this.#vector(this.u24(), minimum, maximum);
  }

  /** Nothing may follow. */
  end(): void {
    if (this.remaining > 0) this.fail('trailing-bytes');
  }

  fail(reason: MalformedReason): never {
    throw new DtlsMalformedError(reason, this.#offset, this.#what);
  }

  #vector(length: number, minimum: number, maximum: number): Uint8Array {
    if (length < minimum || length > maximum) this.fail('bad-length');
    return this.#take(length);
  }

  #take(length: number): Uint8Array {
    if (length > this.remaining) this.fail('truncated');
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }
}

/** A list of 16-bit numbers, such as cipher suites or groups. */
export function readU16List(bytes: Uint8Array, what: string): number[] {
  const reader = new ByteReader(bytes, what);
  const list: number[] = [];
  while (reader.remaining > 0) list.push(reader.u16());
  return list;
}
