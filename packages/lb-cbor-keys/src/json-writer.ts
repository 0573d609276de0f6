import { type Base64Form, textLength, writeBase64 } from './base64.ts';
import { ByteWriter } from './byte-writer.ts';
import { sequenceLength } from './utf8.ts';

/** How a byte stands in a JSON string: 0 as itself, 1 it begins a UTF-8 sequence, else the letter after a backslash. */
const ESCAPES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return 1;
  const text = JSON.stringify(String.fromCharCode(byte));
  return text.length === 3 ? 0 : text.charCodeAt(2);
});
const UNICODE_ESCAPE = 0x75;
const HEX = '0123456789abcdef';

/** An output in JSON, without white space and escaped as JSON.stringify does. */
export class JsonWriter extends ByteWriter {
  /** ASCII, as it stands. */
  ascii(text: string): void {
    const bytes = this.reserve(text.length);
    for (let i = 0; i < text.length; i++) bytes[this.length + i] = text.charCodeAt(i);
    this.length += text.length;
  }

  /**
   * A string, from its UTF-8 bytes.
   *
   * @throws CborError if the bytes are not UTF-8
   */
  string(from: Uint8Array, start: number, end: number): void {
    const bytes = this.reserve(end - start + 3);
    let to = this.length;
    let at = start;
    bytes[to++] = 0x22;
    while (at < end && ESCAPES[from[at]!] === 0) bytes[to++] = from[at++]!;
    if (at === end) {
      bytes[to] = 0x22;
      this.length = to + 1;
    } else {
      this.length = to;
      this.stringPart(from, at, end);
      this.push(0x22);
    }
  }

  /**
   * What stands between the quotes of a string, or a part of it that is UTF-8 by itself.
   *
   * @throws CborError if the bytes are not UTF-8
   */
  stringPart(from: Uint8Array, start: number, end: number): void {
    let bytes = this.reserve(end - start);
    let to = this.length;
    let at = start;
    while (at < end) {
      const byte = from[at]!;
      const letter = ESCAPES[byte]!;
      if (letter === 0) {
        bytes[to++] = byte;
        at += 1;
      } else if (letter === 1) {
        for (let left = sequenceLength(from, at, end); left > 0; left--) bytes[to++] = from[at++]!;
      } else {
        this.length = to;
        bytes = this.reserve(end - at + 5);
        bytes[to++] = 0x5c;
        bytes[to++] = letter;
        if (letter === UNICODE_ESCAPE) {
          bytes[to++] = 0x30;
          bytes[to++] = 0x30;
          bytes[to++] = HEX.charCodeAt(byte >> 4);
          bytes[to++] = HEX.charCodeAt(byte & 0xf);
        }
        at += 1;
      }
    }
    this.length = to;
  }

  /** The string that bytes stand for in a form of base64. */
  base64(form: Base64Form, from: Uint8Array, start: number, end: number): void {
    const length = textLength(form, end - start);
    const bytes = this.reserve(length + 2);
    bytes[this.length] = 0x22;
    writeBase64(form, from, start, end, bytes, this.length + 1);
    bytes[this.length + length + 1] = 0x22;
    this.length += length + 2;
  }

  /** An integer, in decimal. */
  integer(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.ascii(value.toString());
      return;
    }
    if (value < 0) this.push(0x2d);
    const magnitude = Math.abs(value);
    // Two parts that fit 32 bits, since division is fast only there.
    const high = Math.floor(magnitude / 1e7);
    if (high > 0) this.#digits(high, digitCount(high));
    const low = magnitude - high * 1e7;
    this.#digits(low, high > 0 ? 7 : digitCount(low));
  }

  /**
   * A finite float: the shortest digits that mean it, but all of an integer's up to 64 bits, and an exponent beyond them,
   * so that no reader takes rounded digits for an exact integer.
   */
  float(value: number): void {
    if (Number.isSafeInteger(value)) this.integer(value);
    else if (!Number.isInteger(value)) this.ascii(String(value));
    else if (value >= -(2 ** 64) && value < 2 ** 64) this.ascii(BigInt(value).toString());
    else this.ascii(value.toExponential());
  }

  /** An integer below 2^31 with so many digits. */
  #digits(value: number, count: number): void {
    const bytes = this.reserve(count);
    let left = value | 0;
    for (let at = this.length + count - 1; at >= this.length; at--) {
      const next = (left / 10) | 0;
      bytes[at] = 0x30 + left - next * 10;
      left = next;
    }
    this.length += count;
  }
}

function digitCount(value: number): number {
  let count = 1;
  for (let power = 10; value >= power; power *= 10) count += 1;
  return count;
}
