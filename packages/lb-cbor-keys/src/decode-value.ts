import { type Base64Form, STANDARD, textLength, writeBase64 } from './base64.ts';
import { CborError } from './cbor-error.ts';
import { CborReader } from './cbor-reader.ts';
import type { DecodeOptions } from './decode-options.ts';
import type { JsonValue } from './json-value.ts';
import { DEFAULT_TABLE, type KeyTable } from './key-table.ts';
import { checkLimits } from './limits.ts';
import { decodeUtf8 } from './utf8.ts';

/**
 * CBOR to a JSON value. Integers beyond 2^53 - 1 are bigints; integer keys become names; a key that comes in both forms
 * has the value of the text one; `__proto__` is a key like any other.
 *
 * @throws CborError if the input is not well-formed, has something without a JSON form, or is over a limit; see the
 *   README for the whole list
 */
export function decodeValue(cbor: Uint8Array, options: DecodeOptions = {}): JsonValue {
  const { maxDepth, maxBytes } = checkLimits(options);
  const reader = new CborReader(cbor, maxBytes);
  const decoder = new CborToValue(reader, options);
  const value = decoder.item(maxDepth);
  reader.end();
  if (decoder.integerKeys) options.onIntegerKeys?.();
  return value;
}

class CborToValue {
  integerKeys = false;
  readonly #reader: CborReader;
  readonly #keys: KeyTable;
  readonly #base64: boolean;

  constructor(reader: CborReader, { keys = DEFAULT_TABLE, base64 = false }: DecodeOptions) {
    this.#reader = reader;
    this.#keys = keys;
    this.#base64 = base64;
  }

  /** @param depth - how much deeper arrays and maps may still be nested */
  item(depth: number): JsonValue {
    const reader = this.#reader;
    const initial = reader.initial();
    switch (initial >> 5) {
      case 0: // Unsigned and negative integers: the major types of RFC 8949 3.1.
      case 1:
        return reader.integer(initial);
      case 3: // Text.
        return this.#text(initial);
      case 4:
        return this.#array(initial, depth);
      case 5:
        return this.#map(initial, depth);
      case 2: // Byte strings.
        if (!this.#base64) throw reader.refusal(initial);
        return this.#bytes(STANDARD, initial);
      case 6: {
        const form = reader.skipTags(initial, this.#base64); // Tags.
        return form ? this.#bytes(form, reader.initial()) : this.item(depth);
      }
      default: // Simple values and floats.
        return this.#simple(initial);
    }
  }

  #simple(initial: number): JsonValue {
    if (initial === 0xf4) return false;
    if (initial === 0xf5) return true;
    if (initial === 0xf6) return null;
    if (initial >= 0xf9 && initial <= 0xfb) return this.#reader.float(initial);
    throw this.#reader.refusal(initial);
  }

  #text(initial: number): string {
    const reader = this.#reader;
    if (initial !== 0x7f) return this.#chunk(initial);
    let text = '';
    while (!reader.skipBreak()) text += this.#chunk(reader.textChunk());
    return text;
  }

  #chunk(initial: number): string {
    const reader = this.#reader;
    const length = reader.count(initial, 1);
    const text = decodeUtf8(reader.bytes, reader.at, reader.at + length);
    reader.at += length;
    return text;
  }

  #bytes(form: Base64Form, initial: number): string {
    const reader = this.#reader;
    const length = reader.byteCount(initial);
    const text = new Uint8Array(textLength(form, length));
    writeBase64(form, reader.bytes, reader.at, reader.at + length, text, 0);
    reader.at += length;
    return decodeUtf8(text, 0, text.length);
  }

  #array(initial: number, depth: number): JsonValue[] {
    const reader = this.#reader;
    if (depth === 0) throw new CborError('too_deep', reader.at - 1);
    const count = reader.count(initial, 1);
    const array: JsonValue[] = [];
    while (reader.more(array.length, count)) array.push(this.item(depth - 1));
    return array;
  }

  #map(initial: number, depth: number): { readonly [key: string]: JsonValue } {
    const reader = this.#reader;
    if (depth === 0) throw new CborError('too_deep', reader.at - 1);
    const count = reader.count(initial, 2);
    const object: { [key: string]: JsonValue } = {};
    /** Names that came as integers first, and names that have come in both forms. */
    const integers: string[] = [];
    const both: string[] = [];
    for (let i = 0; reader.more(i, count); i++) {
      const offset = reader.at;
      const initial = reader.initial();
      const isText = initial >> 5 > 1;
      const name = isText ? this.#textKey(initial, offset) : this.#integerKey(initial, offset);
      const value = this.item(depth - 1);
      if (Object.hasOwn(object, name)) {
        if (both.includes(name) || integers.includes(name) !== isText) throw new CborError('duplicate_key', offset);
        both.push(name);
        // MSC3079: the text key is used, whatever the order.
        if (isText) setMember(object, name, value);
      } else {
        if (!isText) integers.push(name);
        setMember(object, name, value);
      }
    }
    return object;
  }

  #textKey(initial: number, offset: number): string {
    const type = initial >> 5;
    if (type === 3) return this.#text(initial);
    if (!this.#base64 || (type !== 2 && type !== 6)) throw this.#reader.keyRefusal(initial);
    if (type === 2) return this.#bytes(STANDARD, initial);
    const form = this.#reader.skipTags(initial, true);
    if (!form) throw new CborError('key_type', offset);
    return this.#bytes(form, this.#reader.initial());
  }

  #integerKey(initial: number, offset: number): string {
    const name = this.#keys.names.get(Number(this.#reader.integer(initial)));
    if (name === undefined) throw new CborError('unknown_integer_key', offset);
    this.integerKeys = true;
    return name;
  }
}

/** Sets an own member; an assignment to `__proto__` would set the prototype instead. */
function setMember(object: { [key: string]: JsonValue }, name: string, value: JsonValue): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[name] = value;
  }
}
