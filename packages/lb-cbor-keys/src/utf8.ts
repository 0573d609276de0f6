import { CborError } from './cbor-error.ts';

const encoder = new TextEncoder();

/**
 * The length, 2 to 4, of the well-formed sequence that begins with the byte at `at`, which is not ASCII.
 *
 * @throws CborError if it is not well-formed (RFC 3629 section 4) before `end`
 */
export function sequenceLength(bytes: Uint8Array, at: number, end: number): 2 | 3 | 4 {
  const first = bytes[at]!;
  const second = at + 1 < end ? bytes[at + 1]! : 0;
  if (first >= 0xc2 && first <= 0xdf && isTail(second)) return 2;
  if (first >= 0xe0 && first <= 0xef && at + 2 < end && isTail(second) && isTail(bytes[at + 2]!)) {
    if (first === 0xed && second >= 0xa0) throw new CborError('lone_surrogate', at);
    if (first > 0xe0 || second >= 0xa0) return 3;
  }
  if (first >= 0xf0 && first <= 0xf4 && at + 3 < end && isTail(bytes[at + 2]!) && isTail(bytes[at + 3]!)) {
    if (second >= (first === 0xf0 ? 0x90 : 0x80) && second <= (first === 0xf4 ? 0x8f : 0xbf)) return 4;
  }
  throw new CborError('invalid_utf8', at);
}

function isTail(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Shorter ASCII is put together by hand, since a call of TextDecoder costs more. */
const SHORT = 24;
let decoder: InstanceType<typeof TextDecoder> | undefined;

/**
 * The string whose UTF-8 bytes stand from `start` to `end`.
 *
 * @throws CborError if they are not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  let at = start;
  while (at < end && bytes[at]! < 0x80) at += 1;
  if (at === end && end - start <= SHORT) return decodeShortAscii(bytes, start, end);
  while (at < end) at += bytes[at]! < 0x80 ? 1 : sequenceLength(bytes, at, end);
  decoder ??= new TextDecoder('utf-8', { ignoreBOM: true });
  return decoder.decode(bytes.subarray(start, end));
}

/** Four characters at a time, since each piece that is joined costs as much as all of them. */
function decodeShortAscii(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let at = start;
  for (; at + 4 <= end; at += 4) {
    text += String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!);
  }
  while (at < end) text += String.fromCharCode(bytes[at++]!);
  return text;
}

/** The UTF-8 bytes of a string without lone surrogates. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  if (bytes.length > text.length) {
    const lone = loneSurrogate(text);
    if (lone >= 0) throw new CborError('lone_surrogate', encoder.encode(text.slice(0, lone)).length);
  }
  return bytes;
}

/** The index of the first UTF-16 unit that is half of a pair without its other half, or -1. */
export function loneSurrogate(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return i;
    i += 1;
  }
  return -1;
}
