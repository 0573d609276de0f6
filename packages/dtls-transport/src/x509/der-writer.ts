/** DER (ITU-T X.690) for making certificates. Every function returns one complete element. */

/** An element of a tag under 31, its contents concatenated. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | lengthBytes(length).length, ...lengthBytes(length)];
  const out = new Uint8Array(header.length + length);
  out.set(header);
  let offset = header.length;
  for (const part of contents) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

function lengthBytes(length: number): number[] {
  return length > 0xff ? [...lengthBytes(Math.floor(length / 256)), length % 256] : [length];
}

export function sequence(...items: readonly Uint8Array[]): Uint8Array {
  return element(0x30, ...items);
}

export function set(...items: readonly Uint8Array[]): Uint8Array {
  return element(0x31, ...items);
}

/** A non-negative INTEGER from its big-endian bytes; leading zeros are normalised. */
export function unsignedInteger(bigEndian: Uint8Array): Uint8Array {
  const first = bigEndian.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Uint8Array.of(0) : bigEndian.subarray(first);
  return element(0x02, Uint8Array.of(...(digits[0]! >= 0x80 ? [0] : [])), digits);
}

/** BOOLEAN TRUE. FALSE is never written: everywhere in X.509 it is the default (X.690 11.5). */
export function booleanTrue(): Uint8Array {
  return element(0x01, Uint8Array.of(0xff));
}

/** OBJECT IDENTIFIER from its dotted form. */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(0x06, Uint8Array.from([40 * first + second, ...rest].flatMap(base128)));
}

/** Seven bits a byte, most significant first, all but the last marked (X.690 8.19.2). */
function base128(arc: number): number[] {
  const out = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) out.unshift(0x80 | (left % 128));
  return out;
}

export function octetString(bytes: Uint8Array): Uint8Array {
  return element(0x04, bytes);
}

/** BIT STRING of whole bytes. */
export function bitString(bytes: Uint8Array): Uint8Array {
  return element(0x03, Uint8Array.of(0), bytes);
}

export function utf8String(text: string): Uint8Array {
  return element(0x0c, new TextEncoder().encode(text));
}

/** Time of a certificate from Unix milliseconds: UTCTime through 2049, GeneralizedTime after (RFC 5280 4.1.2.5). */
export function time(unixMs: number): Uint8Array {
  const digits = new Date(unixMs).toISOString().replace(/\.\d+|[-:T]/g, '');
  const isUtcTime = digits >= '1950' && digits < '2050';
  return element(isUtcTime ? 0x17 : 0x18, new TextEncoder().encode(isUtcTime ? digits.slice(2) : digits));
}

/** `[tag]` around complete elements (EXPLICIT), or in place of a constructed element's own tag (IMPLICIT). */
export function constructedContext(tag: number, ...items: readonly Uint8Array[]): Uint8Array {
  return element(0xa0 | tag, ...items);
}

/** `[tag]` in place of a primitive element's own tag (IMPLICIT). */
export function primitiveContext(tag: number, contents: Uint8Array): Uint8Array {
  return element(0x80 | tag, contents);
}
