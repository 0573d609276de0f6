import { CborError } from '@lb-matrix/lb-cbor-keys';
import { type Head, readHead } from './cbor-head.ts';

/** In how many others an item may stand: what recursion can bear. */
export const MAX_DEPTH = 1000;
/** Longest input: a byte of it may become ten characters and more. */
const MAX_BYTES = 16 * 1024 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads any well-formed CBOR, one head after the other, where `decodeToJson` of lb-cbor-keys takes only what has a JSON
 * form. Whoever reads walks into arrays, maps and tags himself.
 */
export class CborReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    if (bytes.length > MAX_BYTES) throw new CborError('too_large', MAX_BYTES);
    this.#bytes = bytes;
  }

  /**
   * The head of the next item.
   *
   * @param depth - in how many more items others may stand; negative is too deep
   */
  head(depth: number): Head {
    const head = readHead(this.#bytes, this.#at);
    if (!head) throw new CborError('truncated', this.#at);
    if (head.kind === 'break') throw new CborError('unexpected_break', head.at);
    if (depth < 0) throw new CborError('too_deep', head.at);
    this.#at += head.size;
    return head;
  }

  /** Whether an array or map goes on after `index` items or pairs; takes the break of an indefinite-length one. */
  more({ indefinite, argument }: Head, index: number): boolean {
    if (!indefinite) return index < argument;
    if (this.#bytes[this.#at] !== 0xff) return true;
    this.#at += 1;
    return false;
  }

  /** The byte strings of a byte string: one, or any number where its length is indefinite. */
  byteChunks(head: Head): Uint8Array[] {
    if (!head.indefinite) return [this.#take(head)];
    const chunks: Uint8Array[] = [];
    while (this.more(head, 0)) {
      // RFC 8949 3.2.3: a chunk is a definite-length string of the same type.
      const chunk = this.head(0);
      if (chunk.kind !== head.kind || chunk.indefinite) throw new CborError('invalid_chunk', chunk.at);
      chunks.push(this.#take(chunk));
    }
    return chunks;
  }

  /** The same for text; every chunk is UTF-8 by itself (RFC 8949 3.2.3). */
  textChunks(head: Head): string[] {
    return this.byteChunks(head).map((bytes) => {
      try {
        return utf8.decode(bytes);
      } catch {
        throw new CborError('invalid_utf8', head.at);
      }
    });
  }

  /** Nothing may follow the one item. */
  end(): void {
    if (this.#at < this.#bytes.length) throw new CborError('trailing_bytes', this.#at);
  }

  #take({ at, argument }: Head): Uint8Array {
    if (argument > this.#bytes.length - this.#at) throw new CborError('truncated', at);
    const start = this.#at;
    this.#at += Number(argument);
    return this.#bytes.subarray(start, this.#at);
  }
}
