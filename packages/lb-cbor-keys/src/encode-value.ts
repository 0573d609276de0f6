import { CborError } from './cbor-error.ts';
import { CborWriter } from './cbor-writer.ts';
import type { EncodeOptions } from './encode-options.ts';
import type { JsonValue } from './json-value.ts';
import type { KeyTable } from './key-table.ts';
import { checkLimits } from './limits.ts';
import { Members } from './members.ts';

/**
 * A JSON value to CBOR; what `encodeJson(JSON.stringify(value))` gives, with bigints of up to 64 bits besides.
 *
 * @throws CborError if something in the value is not JSON (`undefined`, NaN, a Date, a Map, bytes, ...), is half of a
 *   surrogate pair or an integer beyond 64 bits, or is over a limit (a cycle is too deep)
 */
export function encodeValue(value: JsonValue, options: EncodeOptions = {}): Uint8Array {
  const { maxDepth, maxBytes } = checkLimits(options);
  const out = new CborWriter(maxBytes);
  new ValueToCbor(out, options).value(value, maxDepth);
  return out.finish();
}

class ValueToCbor {
  readonly #out: CborWriter;
  readonly #keys: KeyTable | undefined;
  readonly #base64: boolean;
  /** Only where maps are put in order: the keys of an object are different ones to begin with. */
  readonly #members: Members | undefined;

  constructor(out: CborWriter, { keys, canonical = false, base64 = false }: EncodeOptions) {
    this.#out = out;
    this.#keys = keys;
    this.#base64 = base64;
    this.#members = canonical ? new Members(out, 0, 'refuse') : undefined;
  }

  /** @param depth - how much deeper arrays and maps may still be nested */
  value(value: JsonValue, depth: number): void {
    const out = this.#out;
    if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'boolean') out.push(value ? 0xf5 : 0xf4);
    else if (value === null) out.push(0xf6);
    else if (typeof value === 'bigint') this.#bigint(value);
    else if (depth === 0) throw new CborError('too_deep', out.length);
    else if (isArray(value)) this.#array(value, depth);
    else if (isPlainObject(value)) this.#object(value, depth);
    else throw new CborError('not_json', out.length);
  }

  #text(text: string): void {
    const out = this.#out;
    const start = out.length;
    out.text(text);
    // Text that is not ASCII has more bytes than this, and at least one of the last ones is not ASCII: it stays text.
    if (this.#base64) out.packBase64(start, text.length);
  }

  #number(value: number): void {
    if (Number.isNaN(value)) throw new CborError('nan', this.#out.length);
    if (!Number.isFinite(value)) throw new CborError('infinity', this.#out.length);
    this.#out.number(value);
  }

  #bigint(value: bigint): void {
    if (!this.#out.bigInteger(value)) throw new CborError('integer_range', this.#out.length);
  }

  #array(array: readonly JsonValue[], depth: number): void {
    this.#out.head(0x80, array.length);
    for (const item of array) this.value(item, depth - 1);
  }

  #object(object: { readonly [key: string]: JsonValue }, depth: number): void {
    const out = this.#out;
    const members = this.#members;
    const names = Object.keys(object);
    out.head(0xa0, names.length);
    const mark = members?.open();
    for (const name of names) {
      const start = out.length;
      const integer = this.#keys?.integers.get(name);
      if (integer === undefined) this.#text(name);
      else out.integer(integer);
      members?.addText(start, 0);
      this.value(object[name]!, depth - 1);
    }
    if (mark !== undefined) members?.close(mark, members.canonicalOrder);
  }
}

/** Array.isArray does not narrow a readonly array. */
function isArray(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** An object whose prototype is null or the Object.prototype of any realm. */
function isPlainObject(value: unknown): value is { readonly [key: string]: JsonValue } {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
