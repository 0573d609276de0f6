import { base64Form, readBase64 } from './base64.ts';
import { ByteWriter } from './byte-writer.ts';
import { CborError } from './cbor-error.ts';
import { encodeUtf8, loneSurrogate } from './utf8.ts';

const encoder = new TextEncoder();
const scratch = new DataView(new ArrayBuffer(8));

/** An output in CBOR (RFC 8949), every item in its shortest form (4.2.1). */
export class CborWriter extends ByteWriter {
  /**
   * The head of an item (RFC 8949 3).
   *
   * @param type - the initial byte of the major type with the argument 0, such as 0x60 for text
   * @param argument - an integer of 0 to 2^53 - 1
   */
  head(type: number, argument: number): void {
    const bytes = this.reserve(9);
    const at = this.length;
    if (argument < 24) {
      bytes[at] = type | argument;
      this.length = at + 1;
    } else if (argument < 0x100) {
      bytes[at] = type | 24;
      bytes[at + 1] = argument;
      this.length = at + 2;
    } else if (argument < 0x10000) {
      bytes[at] = type | 25;
      bytes[at + 1] = argument >> 8;
      bytes[at + 2] = argument;
      this.length = at + 3;
    } else if (argument < 0x100000000) {
      bytes[at] = type | 26;
      writeUint32(bytes, at + 1, argument);
      this.length = at + 5;
    } else {
      bytes[at] = type | 27;
      writeUint32(bytes, at + 1, Math.floor(argument / 0x100000000));
      writeUint32(bytes, at + 5, argument % 0x100000000);
      this.length = at + 9;
    }
  }

  /** The head of an array or map whose items stand from `start + 1` on: one byte was left for it before they were counted. */
  headBefore(start: number, type: number, count: number): void {
    const extra = headLength(count) - 1;
    if (extra > 0) this.shift(start + 1, extra);
    const end = this.length;
    this.length = start;
    this.head(type, count);
    this.length = end;
  }

  /** A safe integer. */
  integer(value: number): void {
    // RFC 8949 3.1: major type 1 carries -1 - n.
    if (value >= 0) this.head(0x00, value);
    else this.head(0x20, -1 - value);
  }

  /** An integer within 64 bits, or false. */
  bigInteger(value: bigint): boolean {
    const argument = value < 0n ? -1n - value : value;
    if (argument > 0xffff_ffff_ffff_ffffn) return false;
    const type = value < 0n ? 0x20 : 0x00;
    if (argument <= Number.MAX_SAFE_INTEGER) {
      this.head(type, Number(argument));
      return true;
    }
    const bytes = this.reserve(9);
    bytes[this.length] = type | 27;
    writeUint32(bytes, this.length + 1, Number(argument >> 32n));
    writeUint32(bytes, this.length + 5, Number(argument & 0xffff_ffffn));
    this.length += 9;
    return true;
  }

  /** A finite number: an integer if its value is one within 64 bits (so -0 is 0), else the shortest float that keeps it. */
  number(value: number): void {
    if (Number.isSafeInteger(value)) this.integer(value);
    else if (!Number.isInteger(value) || !this.bigInteger(BigInt(value))) this.#float(value);
  }

  /** Text, from a string. */
  text(text: string): void {
    if (!this.#shortAscii(text)) this.#longText(text);
  }

  /**
   * Puts bytes in place of the text that was written last, its head at `start`, if it is base64 that comes back from them
   * exactly (the forms: base64.ts).
   *
   * @param length - of the text, in bytes
   */
  packBase64(start: number, length: number): void {
    const textStart = this.length - length;
    const form = base64Form(this.bytes, textStart, this.length);
    if (!form) return;
    let end = this.length;
    while (form.padded && this.bytes[end - 1] === 0x3d) end -= 1;
    let from = textStart + form.prefix.length;
    if (form.tag !== undefined) {
      // The heads may need one byte more than that of the text, and must not reach what is yet to be read.
      this.reserve(1).copyWithin(from + 1, from, end);
      from += 1;
      end += 1;
    }
    this.length = start;
    if (form.tag !== undefined) this.head(0xc0, form.tag);
    this.head(0x40, ((end - from) * 3) >> 2);
    this.length = readBase64(this.bytes, from, end, this.length);
  }

  /** A string of under 24 ASCII characters, or false. */
  #shortAscii(text: string): boolean {
    const { length } = text;
    if (length >= 24) return false;
    const bytes = this.reserve(1 + length);
    let at = this.length;
    bytes[at++] = 0x60 | length;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return false;
      bytes[at++] = unit;
    }
    this.length = at;
    return true;
  }

  #longText(text: string): void {
    if (text.length > 1024) {
      const encoded = encodeUtf8(text);
      this.head(0x60, encoded.length);
      this.reserve(encoded.length).set(encoded, this.length);
      this.length += encoded.length;
      return;
    }
    // Straight into the output, behind room for the head of an ASCII string: UTF-8 takes 1 to 3 bytes for a UTF-16 unit.
    const start = this.length;
    const room = headLength(text.length);
    const bytes = this.reserve(3 + text.length * 3);
    const { written } = encoder.encodeInto(text, bytes.subarray(start + room));
    if (written > text.length && loneSurrogate(text) >= 0) throw new CborError('lone_surrogate', start);
    const needed = headLength(written);
    if (needed > room) bytes.copyWithin(start + needed, start + room, start + room + written);
    this.head(0x60, written);
    this.length = start + needed + written;
  }

  #float(value: number): void {
    const bytes = this.reserve(9);
    const at = this.length;
    if (Math.fround(value) !== value) {
      scratch.setFloat64(0, value);
      bytes[at] = 0xfb;
      writeUint32(bytes, at + 1, scratch.getUint32(0));
      writeUint32(bytes, at + 5, scratch.getUint32(4));
      this.length = at + 9;
      return;
    }
    scratch.setFloat32(0, value);
    const single = scratch.getUint32(0);
    const half = halfBits(single);
    if (half === undefined) {
      bytes[at] = 0xfa;
      writeUint32(bytes, at + 1, single);
      this.length = at + 5;
    } else {
      bytes[at] = 0xf9;
      bytes[at + 1] = half >> 8;
      bytes[at + 2] = half;
      this.length = at + 3;
    }
  }
}

/** The length of a head whose argument is below 2^32. */
function headLength(argument: number): 1 | 2 | 3 | 5 {
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  return argument < 0x10000 ? 3 : 5;
}

/** The float16 with exactly the value of a finite float32 that is not 0, or undefined. */
function halfBits(single: number): number | undefined {
  const sign = (single >>> 16) & 0x8000;
  const exponent = ((single >>> 23) & 0xff) - 127;
  const mantissa = single & 0x7f_ffff;
  if (exponent >= -14 && exponent <= 15) {
    return (mantissa & 0x1fff) === 0 ? sign | ((exponent + 15) << 10) | (mantissa >> 13) : undefined;
  }
  // Subnormal: the value is m * 2^-24 with m below 2^10.
  if (exponent < -24 || exponent > 15) return undefined;
  const dropped = -exponent - 1;
  const whole = mantissa | 0x80_0000;
  return (whole & ((1 << dropped) - 1)) === 0 ? sign | (whole >> dropped) : undefined;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
