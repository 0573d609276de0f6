/** The one empty byte string: decoded messages share it, so that absent parts cost nothing. */
export const EMPTY: Uint8Array = new Uint8Array(0);

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** UTF-8 as text, or `undefined` when the bytes are not UTF-8 (RFC 7252 3.2 wants Net-Unicode). */
export function tryText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Copies `source` to `target` at `offset`; a loop beats `set` for the short runs that options are made of. */
export function copyInto(source: Uint8Array, target: Uint8Array, offset: number): void {
  const length = source.length;
  if (length > 32) {
    target.set(source, offset);
    return;
  }
  for (let i = 0; i < length; i++) target[offset + i] = source[i]!;
}

/** Lower-case hex, for people and tests. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
