import type { ByteWriter } from './byte-writer.ts';
import { sequenceLength } from './utf8.ts';

/** How a byte stands in a JSON string: 0 as itself, 1 it begins a UTF-8 sequence, else the letter after a backslash. */
const ESCAPES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return 1;
  const text = JSON.stringify(String.fromCharCode(byte));
  return text.length === 3 ? 0 : text.charCodeAt(2);
});
const UNICODE_ESCAPE = 0x75;
const HEX = '0123456789abcdef';

/**
 * Writes UTF-8 bytes as a JSON string.
 *
 * @throws CborError if the bytes are not UTF-8
 */
export function writeJsonString(out: ByteWriter, from: Uint8Array, start: number, end: number): void {
  const bytes = out.reserve(end - start + 3);
  let to = out.length;
  let at = start;
  bytes[to++] = 0x22;
  while (at < end && ESCAPES[from[at]!] === 0) bytes[to++] = from[at++]!;
  if (at === end) {
    bytes[to] = 0x22;
    out.length = to + 1;
  } else {
    out.length = to;
    writeJsonText(out, from, at, end);
    out.push(0x22);
  }
}

/**
 * Writes UTF-8 bytes as the inside of a JSON string, escaped as JSON.stringify does.
 *
 * @throws CborError if the bytes are not UTF-8
 */
export function writeJsonText(out: ByteWriter, from: Uint8Array, start: number, end: number): void {
  let bytes = out.reserve(end - start);
  let to = out.length;
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
      out.length = to;
      bytes = out.reserve(end - at + 5);
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
  out.length = to;
}

/** Writes an integer in decimal. */
export function writeJsonInteger(out: ByteWriter, value: number | bigint): void {
  if (typeof value === 'bigint') {
    writeAscii(out, value.toString());
    return;
  }
  if (value < 0) out.push(0x2d);
  const magnitude = Math.abs(value);
  // Two parts that fit 32 bits, since division is fast only there.
  const high = Math.floor(magnitude / 1e7);
  if (high > 0) writeDigits(out, high, digitCount(high));
  const low = magnitude - high * 1e7;
  writeDigits(out, low, high > 0 ? 7 : digitCount(low));
}

/**
 * Writes a finite float: the shortest digits that mean it, but all of an integer's up to 64 bits, and an exponent beyond
 * them, so that no reader takes rounded digits for an exact integer.
 */
export function writeJsonFloat(out: ByteWriter, value: number): void {
  if (Number.isSafeInteger(value)) writeJsonInteger(out, value);
  else if (!Number.isInteger(value)) writeAscii(out, String(value));
  else if (value >= -(2 ** 64) && value < 2 ** 64) writeAscii(out, BigInt(value).toString());
  else writeAscii(out, value.toExponential());
}

export function writeAscii(out: ByteWriter, text: string): void {
  const bytes = out.reserve(text.length);
  for (let i = 0; i < text.length; i++) bytes[out.length + i] = text.charCodeAt(i);
  out.length += text.length;
}

function digitCount(value: number): number {
  let count = 1;
  for (let power = 10; value >= power; power *= 10) count += 1;
  return count;
}

/** Writes an integer below 2^31 with so many digits. */
function writeDigits(out: ByteWriter, value: number, count: number): void {
  const bytes = out.reserve(count);
  let left = value | 0;
  for (let at = out.length + count - 1; at >= out.length; at--) {
    const next = (left / 10) | 0;
    bytes[at] = 0x30 + left - next * 10;
    left = next;
  }
  out.length += count;
}
