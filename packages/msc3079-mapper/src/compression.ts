/** Raw DEFLATE (RFC 1951) with a preset dictionary. `/node` has Node's own, `/fflate` one for everywhere else. */
export interface Deflate {
  compress(data: Uint8Array, dictionary: Uint8Array): Uint8Array;
  /** Throws for what is no DEFLATE stream, and for one of more than `maxBytes`, before it holds much more than that. */
  decompress(data: Uint8Array, dictionary: Uint8Array, maxBytes: number): Uint8Array;
}

/** How bodies are compressed for a peer that has agreed to it. */
export interface Compression {
  readonly deflate: Deflate;
  /** Shorter bodies, in bytes of CBOR, are not tried. Default 8: below that compression never wins. */
  readonly threshold?: number | undefined;
  /** The longest body, in bytes of CBOR, that a peer's may become; longer ones are refused. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
}

/** What an engine of `/node` or `/fflate` can be told. */
export interface DeflateOptions {
  /** 1 (fast) to 9 (small). Default 9. */
  readonly level?: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | undefined;
}

export const DEFAULT_THRESHOLD = 8;
export const DEFAULT_MAX_BYTES: number = 64 * 1024 * 1024;
