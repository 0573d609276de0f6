import { CborError } from './cbor-error.ts';
import { CborWriter } from './cbor-writer.ts';
import { type CompiledTable, compileTable } from './compiled-table.ts';
import type { EncodeOptions } from './encode-options.ts';
import { JsonText } from './json-text.ts';
import { checkLimits } from './limits.ts';
import { Members } from './members.ts';
import { encodeUtf8 } from './utf8.ts';

/**
 * JSON text to CBOR, in one pass over the text and without building its value: whatever the text says is kept, integers
 * up to 64 bits and keys such as `__proto__` included.
 *
 * A number with an integral value becomes an integer, another the shortest float that keeps it. Of a key that comes
 * twice the last one counts, as in JSON.parse. Keys keep the order of the text unless `canonical` is set.
 *
 * @param json - JSON text (RFC 8259), as UTF-8 bytes or as a string; without byte order mark
 * @throws CborError if the text is not JSON or not UTF-8, has an integer beyond 64 bits or half of a surrogate pair, or
 *   is over a limit
 */
export function encodeJson(json: Uint8Array | string, options: EncodeOptions = {}): Uint8Array {
  const { maxDepth, maxBytes } = checkLimits(options);
  const bytes = typeof json === 'string' ? encodeUtf8(json) : json;
  if (bytes.length > maxBytes) throw new CborError('too_large', maxBytes);
  const out = new CborWriter(maxBytes);
  const text = new JsonText(bytes);
  const encoder = new JsonToCbor(text, out, options);
  encoder.value(maxDepth);
  if (text.peek() !== -1) throw new CborError('trailing_bytes', text.at);
  return encoder.finish();
}

class JsonToCbor {
  readonly #text: JsonText;
  readonly #out: CborWriter;
  readonly #table: CompiledTable | undefined;
  readonly #canonical: boolean;
  readonly #base64: boolean;
  readonly #members: Members;

  constructor(text: JsonText, out: CborWriter, { keys, canonical = false, base64 = false }: EncodeOptions) {
    this.#text = text;
    this.#out = out;
    this.#table = keys && compileTable(keys);
    this.#canonical = canonical;
    this.#base64 = base64;
    this.#members = new Members(out, 0, 'last-wins');
  }

  finish(): Uint8Array {
    this.#members.finish();
    return this.#out.finish();
  }

  /** @param depth - how much deeper arrays and maps may still be nested */
  value(depth: number): void {
    const text = this.#text;
    const byte = text.peek();
    if (byte === 0x22) this.#string();
    else if (byte === 0x7b) this.#object(depth);
    else if (byte === 0x5b) this.#array(depth);
    else if (byte === 0x74) this.#word('true', 0xf5);
    else if (byte === 0x66) this.#word('false', 0xf4);
    else if (byte === 0x6e) this.#word('null', 0xf6);
    else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) this.#number();
    else throw text.unexpected();
  }

  #word(word: 'true' | 'false' | 'null', simple: number): void {
    this.#text.word(word);
    this.#out.push(simple);
  }

  #number(): void {
    const start = this.#text.at;
    const number = this.#text.number();
    if (typeof number === 'bigint') {
      if (!this.#out.bigInteger(number)) throw new CborError('integer_range', start);
    } else {
      if (!Number.isFinite(number)) throw new CborError('infinity', start);
      this.#out.number(number);
    }
  }

  #string(): void {
    const text = this.#text;
    const start = text.at + 1;
    const stringStart = this.#out.length;
    const length = text.string();
    this.#writeString(start, length);
    if (this.#base64) this.#out.packBase64(stringStart, length);
  }

  #writeString(start: number, length: number): void {
    const text = this.#text;
    const out = this.#out;
    out.head(0x60, length);
    const bytes = out.reserve(length);
    if (text.escaped) text.unescape(start, text.at - 1, bytes, out.length);
    else copy(text.bytes, start, length, bytes, out.length);
    out.length += length;
  }

  #key(): void {
    const text = this.#text;
    const out = this.#out;
    const start = text.at + 1;
    const keyStart = out.length;
    const length = text.string();
    if (this.#table) {
      const integer = text.escaped ? undefined : this.#table.find(text.bytes, start, start + length);
      if (integer !== undefined) {
        out.integer(integer);
        return;
      }
    }
    this.#writeString(start, length);
    if (this.#table && text.escaped) {
      const integer = this.#table.find(out.bytes, out.length - length, out.length);
      if (integer !== undefined) {
        out.length = keyStart;
        out.integer(integer);
        return;
      }
    }
    if (this.#base64) out.packBase64(keyStart, length);
  }

  #array(depth: number): void {
    const text = this.#text;
    const out = this.#out;
    if (depth === 0) throw new CborError('too_deep', text.at);
    text.at += 1;
    const start = out.length;
    out.push(0);
    let count = 0;
    if (text.peek() === 0x5d) {
      text.at += 1;
    } else {
      do {
        this.value(depth - 1);
        count += 1;
      } while (this.#more(0x5d));
    }
    out.headBefore(start, 0x80, count);
  }

  #object(depth: number): void {
    const text = this.#text;
    const out = this.#out;
    const members = this.#members;
    if (depth === 0) throw new CborError('too_deep', text.at);
    text.at += 1;
    const start = out.length;
    out.push(0);
    const mark = members.open();
    if (text.peek() === 0x7d) {
      text.at += 1;
    } else {
      do {
        if (text.peek() !== 0x22) throw text.unexpected();
        const keyStart = out.length;
        this.#key();
        members.addText(keyStart, 0);
        if (text.peek() !== 0x3a) throw text.unexpected();
        text.at += 1;
        this.value(depth - 1);
      } while (this.#more(0x7d));
    }
    const count = members.close(mark, this.#canonical ? members.canonicalOrder : undefined);
    out.headBefore(start, 0xa0, count);
  }

  /** Takes the comma, or the bracket that ends the array or object. */
  #more(close: number): boolean {
    const byte = this.#text.peek();
    if (byte !== 0x2c && byte !== close) throw this.#text.unexpected();
    this.#text.at += 1;
    return byte === 0x2c;
  }
}

function copy(from: Uint8Array, start: number, length: number, to: Uint8Array, at: number): void {
  if (length > 64) {
    to.set(from.subarray(start, start + length), at);
  } else {
    for (let i = 0; i < length; i++) to[at + i] = from[start + i]!;
  }
}
