import { CborError } from './cbor-error.ts';
import { sequenceLength } from './utf8.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** 1 for the bytes that are themselves inside of a JSON string and in UTF-8: ASCII but quote, backslash, controls. */
const PLAIN: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/** What the letter after a backslash stands for (RFC 8259 section 7); 0 for those that stand for nothing. */
const ESCAPES: Uint8Array = new Uint8Array(256);
for (const [letter, byte] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'].map((pair) => [...pair])) {
  ESCAPES[letter!.charCodeAt(0)] = byte!.charCodeAt(0);
}

/** A place in JSON text, and the strict reading of its tokens there (RFC 8259). */
export class JsonText {
  readonly bytes: Uint8Array;
  at = 0;
  /** Whether the string that `string` scanned has escapes. */
  escaped = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Skips white space and returns the next byte without taking it, or -1 at the end. */
  peek(): number {
    const { bytes } = this;
    let { at } = this;
    while (at < bytes.length) {
      const byte = bytes[at]!;
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) {
        this.at = at;
        return byte;
      }
      at += 1;
    }
    this.at = at;
    return -1;
  }

  /** The error for a byte that cannot stand here, or for the end. */
  unexpected(at: number = this.at): CborError {
    return new CborError(at >= this.bytes.length ? 'truncated' : 'invalid_json', Math.min(at, this.bytes.length));
  }

  /** Takes `true`, `false` or `null`; the rest of the word after its first letter is checked here. */
  word(text: 'true' | 'false' | 'null'): void {
    for (let i = 0; i < text.length; i++) {
      if (this.bytes[this.at + i] !== text.charCodeAt(i)) throw this.unexpected(this.at + i);
    }
    this.at += text.length;
  }

  /**
   * Takes a string, from its opening quote on, and checks all of it.
   *
   * @returns its length in UTF-8 with escapes resolved; `escaped` tells whether that differs from the text's own bytes
   */
  string(): number {
    const { bytes } = this;
    const start = this.at + 1;
    let at = start;
    let length = 0;
    this.escaped = false;
    for (;;) {
      while (PLAIN[bytes[at]!] === 1) at += 1;
      const byte = at < bytes.length ? bytes[at]! : -1;
      if (byte === QUOTE) break;
      if (byte >= 0x80) {
        at += sequenceLength(bytes, at, bytes.length);
      } else if (byte === BACKSLASH) {
        this.escaped = true;
        const size = escapeSize(bytes, at);
        // `length` counts what the escapes have saved so far, as a negative number.
        length += utf8Size(size, bytes, at) - size;
        at += size;
      } else {
        throw this.unexpected(at);
      }
    }
    this.at = at + 1;
    return length + at - start;
  }

  /** Writes the string between two quotes, which `string` has checked, with its escapes resolved. */
  unescape(start: number, end: number, out: Uint8Array, to: number): void {
    const { bytes } = this;
    let at = start;
    let position = to;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte !== BACKSLASH) {
        out[position++] = byte;
        at += 1;
        continue;
      }
      const size = escapeSize(bytes, at);
      position =
        size === 2
          ? push(out, position, ESCAPES[bytes[at + 1]!]!)
          : pushCode(out, position, codePoint(size, bytes, at));
      at += size;
    }
  }

  /**
   * Takes a number.
   *
   * @returns a bigint for an integer, written without fraction and exponent, that is beyond 2^53 - 1
   */
  number(): number | bigint {
    const { bytes } = this;
    const start = this.at;
    const negative = bytes[start] === 0x2d;
    const first = negative ? start + 1 : start;
    let at = first;
    let value = 0;
    while (isDigit(bytes[at])) value = value * 10 + (bytes[at++]! - 0x30);
    // RFC 8259 section 6: at least one digit, and no leading zero.
    if (at === first || (bytes[first] === 0x30 && at > first + 1)) throw this.unexpected(at === first ? at : first + 1);
    const integerEnd = at;
    if (bytes[at] === 0x2e) at = this.#digits(at + 1);
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      const sign = bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d ? 1 : 0;
      at = this.#digits(at + 1 + sign);
    }
    this.at = at;
    if (at > integerEnd) return Number(this.#ascii(start, at));
    if (value <= Number.MAX_SAFE_INTEGER) return negative ? -value : value;
    // 64 bits have 20 digits: more are not read.
    if (at - first > 20) throw new CborError('integer_range', start);
    return BigInt(this.#ascii(start, at));
  }

  #digits(from: number): number {
    let at = from;
    while (isDigit(this.bytes[at])) at += 1;
    if (at === from) throw this.unexpected(at);
    return at;
  }

  #ascii(start: number, end: number): string {
    let text = '';
    for (let at = start; at < end; at++) text += String.fromCharCode(this.bytes[at]!);
    return text;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** The size of the escape at `at`: 2 for `\n`, 6 for `\u00e9`, 12 for a surrogate pair. */
function escapeSize(bytes: Uint8Array, at: number): 2 | 6 | 12 {
  const letter = bytes[at + 1];
  if (letter === undefined) throw new CborError('truncated', bytes.length);
  if (letter !== 0x75) {
    if (ESCAPES[letter] === 0) throw new CborError('invalid_json', at + 1);
    return 2;
  }
  const unit = hex4(bytes, at + 2);
  if (unit < 0xd800 || unit > 0xdfff) return 6;
  if (unit <= 0xdbff && bytes[at + 6] === BACKSLASH && bytes[at + 7] === 0x75) {
    const next = hex4(bytes, at + 8);
    if (next >= 0xdc00 && next <= 0xdfff) return 12;
  }
  throw new CborError('lone_surrogate', at);
}

function codePoint(size: 6 | 12, bytes: Uint8Array, at: number): number {
  const unit = hex4(bytes, at + 2);
  return size === 6 ? unit : 0x10000 + ((unit & 0x3ff) << 10) + (hex4(bytes, at + 8) & 0x3ff);
}

function utf8Size(size: 2 | 6 | 12, bytes: Uint8Array, at: number): number {
  if (size === 2) return 1;
  if (size === 12) return 4;
  const unit = hex4(bytes, at + 2);
  if (unit < 0x80) return 1;
  return unit < 0x800 ? 2 : 3;
}

function hex4(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const byte = bytes[i];
    if (byte === undefined) throw new CborError('truncated', bytes.length);
    const letter = byte | 0x20;
    if (isDigit(byte)) value = value * 16 + byte - 0x30;
    else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57;
    else throw new CborError('invalid_json', i);
  }
  return value;
}

function push(out: Uint8Array, at: number, byte: number): number {
  out[at] = byte;
  return at + 1;
}

function pushCode(out: Uint8Array, start: number, code: number): number {
  let at = start;
  if (code < 0x80) return push(out, at, code);
  if (code < 0x800) {
    at = push(out, at, 0xc0 | (code >> 6));
  } else {
    if (code < 0x10000) {
      at = push(out, at, 0xe0 | (code >> 12));
    } else {
      at = push(out, at, 0xf0 | (code >> 18));
      at = push(out, at, 0x80 | ((code >> 12) & 0x3f));
    }
    at = push(out, at, 0x80 | ((code >> 6) & 0x3f));
  }
  return push(out, at, 0x80 | (code & 0x3f));
}
