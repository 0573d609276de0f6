import table from './tables/dictionary-1.json' with { type: 'json' };

/** The first four bytes of the SHA-256 of the dictionary, in hex: how /versions names it. */
export const DICTIONARY_ID: string = table.sha256.slice(0, 8);

let bytes: Uint8Array | undefined;

/** Version 1 of the static dictionary: 16,384 bytes, for CBOR with the keys of table 2 and base64 as bytes. */
export function dictionary(): Uint8Array {
  bytes ??= Uint8Array.from(atob(table.base64), (char) => char.charCodeAt(0));
  return bytes;
}
