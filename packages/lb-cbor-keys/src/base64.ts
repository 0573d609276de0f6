/** How a string that is base64 stands in CBOR: as the bytes it means, after a tag that tells its spelling. */
export interface Base64Form {
  /** `undefined` for a byte string without a tag. */
  readonly tag: number | undefined;
  /** What stands before the base64. */
  readonly prefix: '' | '$' | '!';
  /** RFC 4648 section 5, the alphabet for URLs, in place of section 4. */
  readonly url: boolean;
  /** Filled up with `=` to a multiple of four characters. */
  readonly padded: boolean;
}

export const STANDARD: Base64Form = { tag: undefined, prefix: '', url: false, padded: false };
// RFC 8949 3.4.5.2: 21 expects base64url without padding, 22 base64 with it.
const URL_SAFE: Base64Form = { tag: 21, prefix: '', url: true, padded: false };
const PADDED: Base64Form = { tag: 22, prefix: '', url: false, padded: true };
// Event and room ids that are hashes; 88 and 89 stand in for tags to be registered.
const EVENT_ID: Base64Form = { tag: 88, prefix: '$', url: true, padded: false };
const ROOM_ID: Base64Form = { tag: 89, prefix: '!', url: true, padded: false };

const BY_TAG: ReadonlyMap<number | bigint, Base64Form> = new Map(
  [URL_SAFE, PADDED, EVENT_ID, ROOM_ID].map((form) => [form.tag!, form]),
);

/** The form that a tag announces, if it is one of base64. */
export function formOfTag(tag: number | bigint): Base64Form | undefined {
  return BY_TAG.get(tag);
}

/** Shorter strings save too little, and words of so many letters are rare. */
const MIN_LENGTH = 16;
/** With a prefix the tag takes two bytes: at least 24 bytes of hash. */
const MIN_HASH_LENGTH = 33;

const DOLLAR = 0x24;
const BANG = 0x21;
const EQUALS = 0x3d;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SETS = { standard: codes(`${ALPHABET}+/`), url: codes(`${ALPHABET}-_`) };

/** The kinds of bytes in a string: in both alphabets, in one of them, in none. */
const BOTH = 0;
const ONLY_STANDARD = 1;
const ONLY_URL = 2;
const NEITHER = 4;
const KINDS: Uint8Array = new Uint8Array(256).fill(NEITHER);
/** What a character of either alphabet stands for. */
const VALUES: Uint8Array = new Uint8Array(256);
for (const [value, code] of SETS.standard.entries()) {
  KINDS[code] = value < 62 ? BOTH : ONLY_STANDARD;
  VALUES[code] = value;
}
for (const [value, code] of SETS.url.entries()) {
  if (value >= 62) KINDS[code] = ONLY_URL;
  VALUES[code] = value;
}

function codes(alphabet: string): Uint8Array {
  return new TextEncoder().encode(alphabet);
}

/**
 * The form of the string whose bytes stand from `start` to `end`, if those are base64 that comes back from its bytes
 * exactly as it is, and is long enough.
 */
export function base64Form(bytes: Uint8Array, start: number, end: number): Base64Form | undefined {
  if (end - start < MIN_LENGTH) return undefined;
  const first = bytes[start];
  if (first === DOLLAR || first === BANG) {
    if (end - start < MIN_HASH_LENGTH) return undefined;
    const kinds = kindsOf(bytes, start + 1, end);
    if ((kinds & ~ONLY_URL) !== 0 || !isExact(bytes, start + 1, end)) return undefined;
    return first === DOLLAR ? EVENT_ID : ROOM_ID;
  }
  if (bytes[end - 1] === EQUALS) {
    const last = end - (bytes[end - 2] === EQUALS ? 2 : 1);
    const whole = (end - start) % 4 === 0 && (kindsOf(bytes, start, last) & ~ONLY_STANDARD) === 0;
    return whole && isExact(bytes, start, last) ? PADDED : undefined;
  }
  const kinds = kindsOf(bytes, start, end);
  if (kinds > ONLY_URL || !isExact(bytes, start, end)) return undefined;
  return kinds === ONLY_URL ? URL_SAFE : STANDARD;
}

function kindsOf(bytes: Uint8Array, start: number, end: number): number {
  let kinds = 0;
  for (let at = start; at < end && kinds < NEITHER; at++) kinds |= KINDS[bytes[at]!]!;
  return kinds;
}

/** Whether the bits that do not fill a byte at the end are zero (RFC 4648 3.5), and there is no lone last character. */
function isExact(bytes: Uint8Array, start: number, end: number): boolean {
  const rest = (end - start) % 4;
  if (rest === 0) return true;
  if (rest === 1) return false;
  return (VALUES[bytes[end - 1]!]! & (rest === 2 ? 0xf : 0x3)) === 0;
}

/**
 * Reads the base64 from `start` to `end` (no prefix, no padding) and writes its bytes from `to` on, which must not
 * be behind `start`.
 *
 * @returns where the bytes end
 */
export function readBase64(bytes: Uint8Array, start: number, end: number, to: number): number {
  let at = start;
  let out = to;
  for (; at + 4 <= end; at += 4) {
    const bits =
      (VALUES[bytes[at]!]! << 18) |
      (VALUES[bytes[at + 1]!]! << 12) |
      (VALUES[bytes[at + 2]!]! << 6) |
      VALUES[bytes[at + 3]!]!;
    bytes[out++] = bits >> 16;
    bytes[out++] = bits >> 8;
    bytes[out++] = bits;
  }
  if (at === end) return out;
  const three = at + 3 === end;
  const bits = (VALUES[bytes[at]!]! << 12) | (VALUES[bytes[at + 1]!]! << 6) | (three ? VALUES[bytes[at + 2]!]! : 0);
  bytes[out++] = bits >> 10;
  if (three) bytes[out++] = bits >> 2;
  return out;
}

/** The length of a string of this form that stands for so many bytes. */
export function textLength({ prefix, padded }: Base64Form, byteLength: number): number {
  return prefix.length + (padded ? Math.ceil(byteLength / 3) * 4 : Math.ceil((byteLength * 4) / 3));
}

/**
 * Writes the string that the bytes from `start` to `end` stand for into `out`, from `to` on, where room was made for
 * `textLength` of it.
 */
export function writeBase64(
  { prefix, url, padded }: Base64Form,
  from: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  to: number,
): void {
  const alphabet = url ? SETS.url : SETS.standard;
  let position = to;
  if (prefix !== '') out[position++] = prefix === '$' ? DOLLAR : BANG;
  let at = start;
  for (; at + 3 <= end; at += 3) {
    const bits = (from[at]! << 16) | (from[at + 1]! << 8) | from[at + 2]!;
    out[position++] = alphabet[bits >> 18]!;
    out[position++] = alphabet[(bits >> 12) & 0x3f]!;
    out[position++] = alphabet[(bits >> 6) & 0x3f]!;
    out[position++] = alphabet[bits & 0x3f]!;
  }
  if (at === end) return;
  const two = at + 2 === end;
  const bits = (from[at]! << 16) | (two ? from[at + 1]! << 8 : 0);
  out[position++] = alphabet[bits >> 18]!;
  out[position++] = alphabet[(bits >> 12) & 0x3f]!;
  if (two) out[position++] = alphabet[(bits >> 6) & 0x3f]!;
  if (!padded) return;
  out[position++] = EQUALS;
  if (!two) out[position++] = EQUALS;
}
