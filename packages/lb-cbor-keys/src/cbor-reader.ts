import { type Base64Form, formOfTag } from './base64.ts';
import { CborError } from './cbor-error.ts';

const scratch = new DataView(new ArrayBuffer(8));

/** A place in CBOR, and the checked reading of heads there (RFC 8949 3). */
export class CborReader {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array, maxBytes: number) {
    if (bytes.length > maxBytes) throw new CborError('too_large', maxBytes);
    this.bytes = bytes;
  }

  /** The initial byte of the next item. */
  initial(): number {
    if (this.at >= this.bytes.length) throw new CborError('truncated', this.at);
    return this.bytes[this.at++]!;
  }

  /** The argument after an initial byte: a number up to 2^53 - 1, a bigint beyond it. */
  argument(initial: number): number | bigint {
    const info = initial & 0x1f;
    if (info < 24) return info;
    // RFC 8949 3: 28 to 30 are reserved, and 31 comes here only where nothing is indefinite.
    if (info > 27) throw new CborError('reserved_length', this.at - 1);
    if (info === 24) return this.#uint(1);
    if (info === 25) return this.#uint(2);
    if (info === 26) return this.#uint(4);
    const high = this.#uint(4);
    const low = this.#uint(4);
    return high < 0x20_0000 ? high * 0x1_0000_0000 + low : (BigInt(high) << 32n) | BigInt(low);
  }

  /** The integer of major type 0 or 1. */
  integer(initial: number): number | bigint {
    const argument = this.argument(initial);
    if (initial < 0x20) return argument;
    if (typeof argument === 'bigint') return -1n - argument;
    return argument < Number.MAX_SAFE_INTEGER ? -1 - argument : -1n - BigInt(argument);
  }

  /**
   * The length of a string, or the count of an array's or map's items of at least `itemSize` bytes each; Infinity for an
   * array or map of indefinite length. What the input cannot hold is refused here, before anybody makes room for it.
   */
  count(initial: number, itemSize: 1 | 2): number {
    if (initial === 0x9f || initial === 0xbf) return Number.POSITIVE_INFINITY;
    const start = this.at - 1;
    const count = this.argument(initial);
    if (typeof count === 'bigint' || count * itemSize > this.bytes.length - this.at) {
      throw new CborError('truncated', start);
    }
    return count;
  }

  /** Whether an array or map of `count` items goes on after `index` of them; takes the break of an indefinite one. */
  more(index: number, count: number): boolean {
    return count === Number.POSITIVE_INFINITY ? !this.skipBreak() : index < count;
  }

  /** True, and past it, if a break is next: the end of an indefinite-length item (RFC 8949 3.2.1). */
  skipBreak(): boolean {
    if (this.bytes[this.at] !== 0xff) return false;
    this.at += 1;
    return true;
  }

  /** The initial byte of a chunk of an indefinite-length text: definite text again (RFC 8949 3.2.3). */
  textChunk(): number {
    const initial = this.initial();
    if (initial < 0x60 || initial >= 0x7f) throw new CborError('invalid_chunk', this.at - 1);
    return initial;
  }

  /**
   * Skips tag 55799, which says "this is CBOR" and changes nothing (RFC 8949 3.4.6), as often as it stands here.
   *
   * @param base64 - whether tags of base64 are known
   * @returns the form of the byte string that is next, if such a tag announced it
   */
  skipTags(initial: number, base64: boolean): Base64Form | undefined {
    for (let next = initial; next >> 5 === 6; next = this.initial()) {
      const start = this.at - 1;
      const tag = this.argument(next);
      if (tag === 55799) continue;
      const form = base64 ? formOfTag(tag) : undefined;
      if (!form || this.bytes[this.at]! >> 5 !== 2)
        throw new CborError(tag === 2 || tag === 3 ? 'bignum' : 'tag', start);
      return form;
    }
    this.at -= 1;
    return undefined;
  }

  /** The length of a byte string of base64. */
  byteCount(initial: number): number {
    // RFC 8949 3.2.3: chunks of bytes are nothing that an encoder of base64 needs.
    if (initial === 0x5f) throw new CborError('byte_string', this.at - 1);
    return this.count(initial, 1);
  }

  /** The float16, float32 or float64 after the initial byte 0xf9, 0xfa or 0xfb. */
  float(initial: number): number {
    const start = this.at - 1;
    const value = initial === 0xf9 ? half(this.#uint(2)) : initial === 0xfa ? this.#single() : this.#double();
    if (Number.isFinite(value)) return value;
    throw new CborError(Number.isNaN(value) ? 'nan' : 'infinity', start);
  }

  /** Nothing may follow the one value. */
  end(): void {
    if (this.at < this.bytes.length) throw new CborError('trailing_bytes', this.at);
  }

  /** Why an initial byte of major type 2 or 7 begins nothing that has a JSON form. */
  refusal(initial: number): CborError {
    const start = this.at - 1;
    const info = initial & 0x1f;
    if (info > 27 && info < 31) return new CborError('reserved_length', start);
    if (initial >> 5 === 2) return new CborError('byte_string', start);
    if (initial === 0xff) return new CborError('unexpected_break', start);
    return new CborError(initial === 0xf7 ? 'undefined' : 'simple_value', start);
  }

  /** Why an initial byte that is neither text nor an integer begins no key. */
  keyRefusal(initial: number): CborError {
    return initial === 0xff ? this.refusal(initial) : new CborError('key_type', this.at - 1);
  }

  #uint(size: 1 | 2 | 4): number {
    const { bytes, at } = this;
    if (at + size > bytes.length) throw new CborError('truncated', at);
    this.at = at + size;
    if (size === 1) return bytes[at]!;
    const high = (bytes[at]! << 8) | bytes[at + 1]!;
    return size === 2 ? high : ((high << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  #single(): number {
    scratch.setUint32(0, this.#uint(4));
    return scratch.getFloat32(0);
  }

  #double(): number {
    scratch.setUint32(0, this.#uint(4));
    scratch.setUint32(4, this.#uint(4));
    return scratch.getFloat64(0);
  }
}

/** RFC 8949 appendix D. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1024 + mantissa) * 2 ** (exponent - 25);
}
