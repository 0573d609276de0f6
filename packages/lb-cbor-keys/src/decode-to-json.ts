import { ByteWriter } from './byte-writer.ts';
import { CborError } from './cbor-error.ts';
import { ARRAY, MAP, NEGATIVE, TAG, TEXT, UNSIGNED } from './cbor-head.ts';
import { CborReader } from './cbor-reader.ts';
import { type CompiledTable, compileTable } from './compiled-table.ts';
import type { DecodeOptions } from './decode-options.ts';
import { writeAscii, writeJsonFloat, writeJsonInteger, writeJsonString, writeJsonText } from './json-writer.ts';
import { DEFAULT_TABLE } from './key-table.ts';
import { checkLimits } from './limits.ts';
import { INTEGER_FORM, type KeyOrder, Members, TEXT_FORM } from './members.ts';
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
  const out = new ByteWriter(maxBytes);
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
  readonly #out: ByteWriter;
  readonly #table: CompiledTable;
  readonly #members: Members;
  readonly #order: KeyOrder | undefined;

  constructor(reader: CborReader, out: ByteWriter, { keys = DEFAULT_TABLE, sortKeys = false }: DecodeToJsonOptions) {
    this.#reader = reader;
    this.#out = out;
    this.#table = compileTable(keys);
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
      case UNSIGNED:
      case NEGATIVE:
        writeJsonInteger(this.#out, reader.integer(initial));
        break;
      case TEXT:
        this.#text(initial);
        break;
      case ARRAY:
        this.#array(initial, depth);
        break;
      case MAP:
        this.#map(initial, depth);
        break;
      case TAG:
        reader.skipTags(initial);
        this.item(depth);
        break;
      default:
        this.#simple(initial);
    }
  }

  #simple(initial: number): void {
    if (initial === 0xf4) writeAscii(this.#out, 'false');
    else if (initial === 0xf5) writeAscii(this.#out, 'true');
    else if (initial === 0xf6) writeAscii(this.#out, 'null');
    else if (initial >= 0xf9 && initial <= 0xfb) writeJsonFloat(this.#out, this.#reader.float(initial));
    else throw this.#reader.refusal(initial);
  }

  #text(initial: number): void {
    const reader = this.#reader;
    const out = this.#out;
    if (initial !== 0x7f) {
      const length = reader.count(initial, 1);
      const { at } = reader;
      writeJsonString(out, reader.bytes, at, at + length);
      reader.at = at + length;
      return;
    }
    out.push(0x22);
    while (!reader.skipBreak()) {
      const length = reader.count(reader.textChunk(), 1);
      writeJsonText(out, reader.bytes, reader.at, reader.at + length);
      reader.at += length;
    }
    out.push(0x22);
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
    if (initial >> 5 === TEXT) {
      this.#text(initial);
      out.push(0x3a);
      this.#members.add(start, offset, TEXT_FORM);
      return;
    }
    if (initial >> 5 > NEGATIVE) throw reader.keyRefusal(initial);
    const name = this.#table.memberName(Number(reader.integer(initial)));
    if (!name) throw new CborError('unknown_integer_key', offset);
    const bytes = out.reserve(name.length);
    for (let i = 0; i < name.length; i++) bytes[start + i] = name[i]!;
    out.length = start + name.length;
    this.#members.add(start, offset, INTEGER_FORM);
    this.integerKeys = true;
  }
}
