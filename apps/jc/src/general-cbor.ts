import { CliError } from '@lb-matrix/cli-args';
import type { KeyTable } from '@lb-matrix/lb-cbor-keys';
import { addExtension, Decoder } from 'cbor-x/decode-no-eval';

/** A bignum costs quadratic time: one of 1 kB has 2466 digits and takes half a millisecond. */
const MAX_BIGNUM_BYTES = 1024;
const MAX_DEPTH = 1000;

/** cbor-x makes dates, sets, errors, typed arrays and shared values of tags below this number; to us a tag is its content. */
const KNOWN_TAGS = 300;
for (let tag = 0; tag < KNOWN_TAGS; tag++) setTag(tag, (content) => content);
setTag(2, (content) => bignum(content));
setTag(3, (content) => -1n - bignum(content));

/**
 * Any CBOR that cbor-x reads, as JSON text with sorted keys, by the advice of RFC 8949 6.1: byte strings become base64url
 * text, what has no JSON form becomes null, and tags go. Bignums keep their digits; integer keys that are in the table
 * become names, and other keys their JSON text.
 *
 * @throws CliError
 */
export function decodeGeneral(cbor: Uint8Array, keys: KeyTable): Uint8Array {
  let value: unknown;
  try {
    value = new Decoder({ useRecords: false, mapsAsObjects: false }).decode(cbor);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`cannot read the CBOR: ${(error as Error).message}`, 1, { cause: error });
  }
  return Buffer.from(toJson(value, keys, MAX_DEPTH));
}

function toJson(value: unknown, keys: KeyTable, depth: number): string {
  if (depth === 0) throw new CliError(`cannot read the CBOR: it is nested deeper than ${MAX_DEPTH}`);
  if (typeof value === 'bigint') return value.toString();
  if (value === undefined || value === null) return 'null';
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64url'));
  if (Array.isArray(value)) return `[${value.map((item) => toJson(item, keys, depth - 1)).join(',')}]`;
  if (value instanceof Map) return mapToJson(value, keys, depth);
  // What is left is a number (NaN and Infinity are null in JSON), a string, a boolean, or an object of cbor-x.
  if (typeof value !== 'object') return JSON.stringify(value);
  // Its Tag for tags that it does not know; its objects for records.
  if (Object.getPrototypeOf(value) !== Object.prototype)
    return toJson((value as { value: unknown }).value, keys, depth - 1);
  return mapToJson(new Map(Object.entries(value)), keys, depth);
}

function mapToJson(map: ReadonlyMap<unknown, unknown>, keys: KeyTable, depth: number): string {
  const members = new Map<string, string>();
  for (const [key, value] of map) {
    const name = typeof key === 'string' ? key : (keys.names.get(key as number) ?? toJson(key, keys, depth - 1));
    // MSC3079: of a name and its integer, the name is used.
    if (typeof key === 'string' || !members.has(name)) members.set(name, toJson(value, keys, depth - 1));
  }
  const sorted = [...members].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${sorted.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

function bignum(content: unknown): bigint {
  if (!(content instanceof Uint8Array)) throw new CliError('cannot read the CBOR: a bignum is no byte string');
  if (content.length > MAX_BIGNUM_BYTES) {
    throw new CliError(`cannot read the CBOR: a bignum of ${content.length} bytes; ${MAX_BIGNUM_BYTES} are the limit`);
  }
  return content.length === 0 ? 0n : BigInt(`0x${Buffer.from(content).toString('hex')}`);
}

function setTag(tag: number, decode: (content: unknown) => unknown): void {
  addExtension({ Class: Object, tag, decode, encode: () => new Uint8Array() });
}
