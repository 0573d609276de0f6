import { type Base64Form, STANDARD } from './base64.ts';
import { CborError } from './cbor-error.ts';
import { CborReader } from './cbor-reader.ts';
import { type CompiledTable, compileTable } from './compiled-table.ts';
import type { DecodeOptions } from './decode-options.ts';
import { JsonWriter } from './json-writer.ts';
import { DEFAULT_TABLE } from './key-table.ts';
import { checkLimits } from './limits.ts';
import { type KeyOrder, Members } from './members.ts';
import { nameOrder } from './name-order.ts';

/** How `decodeToJson` reads and writes. */
export interface DecodeToJsonOptions extends DecodeOptions {
  /** Writes the keys of every object in the order of their Unicode code points. Default false: in wire order. */
  readonly sortKeys?: boolean;
}

/**
 * CBOR to JSON text in one pass, without building its value. Keys keep the order of the wire; integers up to 64 bits
 * keep all their digits; integer keys become names; a key that comes in both forms has the value of the text one.
 *
 * @returns JSON text without white space, in UTF-8
 * @throws CborError if the input is not well-formed, has something without a JSON form, or is over a limit; see the
 *   README for the whole list
 */
export function decodeToJson(cbor: Uint8Array, options: DecodeToJsonOptions = {}): Uint8Array {
  const { maxDepth, maxBytes } = checkLimits(options);
  const reader = new CborReader(cbor, maxBytes);
  const out = new JsonWriter(maxBytes);
  const decoder = new CborToJson(reader, out, options);
  decoder.item(maxDepth);
  reader.end();
  const json = decoder.finish();
  if (decoder.integerKeys) options.onIntegerKeys?.();
  return json;
}

class CborToJson {
  integerKeys = false;
  readonly #reader: CborReader;
  readonly #out: JsonWriter;
  readonly #table: CompiledTable;
  readonly #base64: boolean;
  readonly #members: Members;
  readonly #order: KeyOrder | undefined;

  constructor(reader: CborReader, out: JsonWriter, options: DecodeToJsonOptions) {
    const { keys = DEFAULT_TABLE, base64 = false, sortKeys = false } = options;
    this.#reader = reader;
    this.#out = out;
    this.#table = compileTable(keys);
    this.#base64 = base64;
    this.#members = new Members(out, 1, 'refuse');
    this.#order = sortKeys ? nameOrder(this.#members) : undefined;
  }

  finish(): Uint8Array {
    this.#members.finish();
    return this.#out.finish();
  }

  /** @param depth - how much deeper arrays and maps may still be nested */
  item(depth: number): void {
    const reader = this.#reader;
    const initial = reader.initial();
    switch (initial >> 5) {
      case 0: // Unsigned and negative integers: the major types of RFC 8949 3.1.
      case 1:
        this.#out.integer(reader.integer(initial));
        break;
      case 3: // Text.
        this.#text(initial);
        break;
      case 4:
        this.#array(initial, depth);
        break;
      case 5:
        this.#map(initial, depth);
        break;
      case 2: // Byte strings.
        if (!this.#base64) throw reader.refusal(initial);
        this.#bytes(STANDARD, initial);
        break;
      case 6: {
        const form = reader.skipTags(initial, this.#base64); // Tags.
        if (form) this.#bytes(form, reader.initial());
        else this.item(depth);
        break;
      }
      default: // Simple values and floats.
        this.#simple(initial);
    }
  }

  #simple(initial: number): void {
    if (initial === 0xf4) this.#out.ascii('false');
    else if (initial === 0xf5) this.#out.ascii('true');
    else if (initial === 0xf6) this.#out.ascii('null');
    else if (initial >= 0xf9 && initial <= 0xfb) this.#out.float(this.#reader.float(initial));
    else throw this.#reader.refusal(initial);
  }

  #text(initial: number): void {
    const reader = this.#reader;
    const out = this.#out;
    if (initial !== 0x7f) {
      const length = reader.count(initial, 1);
      const { at } = reader;
      out.string(reader.bytes, at, at + length);
      reader.at = at + length;
      return;
    }
    out.push(0x22);
    while (!reader.skipBreak()) {
      const length = reader.count(reader.textChunk(), 1);
      out.stringPart(reader.bytes, reader.at, reader.at + length);
      reader.at += length;
    }
    out.push(0x22);
  }

  #bytes(form: Base64Form, initial: number): void {
    const reader = this.#reader;
    const length = reader.byteCount(initial);
    this.#out.base64(form, reader.bytes, reader.at, reader.at + length);
    reader.at += length;
  }

  #array(initial: number, depth: number): void {
    const reader = this.#reader;
    const out = this.#out;
    if (depth === 0) throw new CborError('too_deep', reader.at - 1);
    const count = reader.count(initial, 1);
    out.push(0x5b);
    for (let i = 0; reader.more(i, count); i++) {
      if (i > 0) out.push(0x2c);
      this.item(depth - 1);
    }
    out.push(0x5d);
  }

  #map(initial: number, depth: number): void {
    const reader = this.#reader;
    const out = this.#out;
    const members = this.#members;
    if (depth === 0) throw new CborError('too_deep', reader.at - 1);
    const count = reader.count(initial, 2);
    out.push(0x7b);
    const mark = members.open();
    for (let i = 0; reader.more(i, count); i++) {
      if (i > 0) out.push(0x2c);
      this.#key();
      this.item(depth - 1);
    }
    members.close(mark, this.#order);
    out.push(0x7d);
  }

  #key(): void {
    const reader = this.#reader;
    const out = this.#out;
    const offset = reader.at;
    const start = out.length;
    const initial = reader.initial();
    const type = initial >> 5;
    if (type === 3) {
      this.#text(initial);
      out.push(0x3a);
      this.#members.addText(start, offset);
      return;
    }
    if (type > 1) {
      if (!this.#base64 || (type !== 2 && type !== 6)) throw reader.keyRefusal(initial);
      const form = type === 2 ? STANDARD : reader.skipTags(initial, true);
      if (!form) throw new CborError('key_type', offset);
      this.#bytes(form, type === 2 ? initial : reader.initial());
      out.push(0x3a);
      this.#members.addText(start, offset);
      return;
    }
    const name = this.#table.memberName(Number(reader.integer(initial)));
    if (!name) throw new CborError('unknown_integer_key', offset);
    const bytes = out.reserve(name.length);
    for (let i = 0; i < name.length; i++) bytes[start + i] = name[i]!;
    out.length = start + name.length;
    this.#members.addInteger(start, offset);
    this.integerKeys = true;
  }
}
