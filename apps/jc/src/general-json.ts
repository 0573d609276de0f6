import { CliError } from '@lb-matrix/cli-args';
import { CborError, type KeyTable } from '@lb-matrix/lb-cbor-keys';
import { floatOf, type Head, integerOf } from './cbor-head.ts';
import { CborReader, MAX_DEPTH } from './cbor-reader.ts';

/** A bignum costs quadratic time: one of 1 kB has 2466 digits and takes half a millisecond. */
const MAX_BIGNUM_BYTES = 1024;
/** Of the JSON that stands for a key. */
const MAX_KEY_LENGTH = 1024 * 1024;

/**
 * Any well-formed CBOR as JSON text with sorted keys, by the advice of RFC 8949 6.1: byte strings become base64url text,
 * what has no JSON form becomes null, and tags go. Bignums keep their digits; integer keys that are in the table become
 * names, and other keys their JSON text.
 *
 * @throws CborError, or CliError for a bignum that is none or too long
 */
export function generalJson(cbor: Uint8Array, keys: KeyTable): string {
  const reader = new CborReader(cbor);
  const json = new Writer(reader, keys).item(reader.head(MAX_DEPTH), MAX_DEPTH);
  reader.end();
  return json;
}

class Writer {
  readonly #reader: CborReader;
  readonly #keys: KeyTable;

  constructor(reader: CborReader, keys: KeyTable) {
    this.#reader = reader;
    this.#keys = keys;
  }

  /**
   * What stands after a head.
   *
   * @param depth - `MAX_DEPTH` less the items that this one stands in
   */
  item(head: Head, depth: number): string {
    switch (head.kind) {
      case 'unsigned':
      case 'negative':
        return integerOf(head).toString();
      case 'bytes':
        return JSON.stringify(Buffer.concat(this.#reader.byteChunks(head)).toString('base64url'));
      case 'text':
        return JSON.stringify(this.#text(head));
      case 'array':
        return this.#array(head, depth - 1);
      case 'map':
        return this.#map(head, depth - 1);
      case 'tag':
        return this.#tagged(head, depth - 1);
      case 'float':
        // NaN and the infinities become null.
        return JSON.stringify(floatOf(head));
      default:
        return head.argument === 20 ? 'false' : head.argument === 21 ? 'true' : 'null';
    }
  }

  #text(head: Head): string {
    return this.#reader.textChunks(head).join('');
  }

  #array(head: Head, depth: number): string {
    const items: string[] = [];
    while (this.#reader.more(head, items.length)) items.push(this.item(this.#reader.head(depth), depth));
    return `[${items.join(',')}]`;
  }

  #map(head: Head, depth: number): string {
    const members = new Map<string, { json: string; isText: boolean }>();
    for (let i = 0; this.#reader.more(head, i); i++) {
      const key = this.#reader.head(depth);
      const isText = key.kind === 'text';
      const name = isText ? this.#text(key) : this.#name(key, depth);
      const json = this.item(this.#reader.head(depth), depth);
      // MSC3079: of a name and its integer, the name is used.
      if (isText || !members.get(name)?.isText) members.set(name, { json, isText });
    }
    const sorted = [...members].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return `{${sorted.map(([name, { json }]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
  }

  #name(key: Head, depth: number): string {
    const isInteger = key.kind === 'unsigned' || key.kind === 'negative';
    const name = isInteger ? this.#keys.names.get(Number(integerOf(key))) : undefined;
    if (name !== undefined) return name;
    const json = this.item(key, depth);
    // A map in a key of a map in a key: quotes are escaped once more each time, so that their number doubles.
    if (json.length > MAX_KEY_LENGTH) throw new CborError('too_large', MAX_KEY_LENGTH);
    return json;
  }

  #tagged({ argument: tag }: Head, depth: number): string {
    const content = this.#reader.head(depth);
    if (tag !== 2 && tag !== 3) return this.item(content, depth);
    // RFC 8949 3.4.3
    if (content.kind !== 'bytes') throw new CliError('cannot read the CBOR: a bignum is no byte string');
    const magnitude = bignum(Buffer.concat(this.#reader.byteChunks(content)));
    return (tag === 2 ? magnitude : -1n - magnitude).toString();
  }
}

function bignum(content: Buffer): bigint {
  if (content.length > MAX_BIGNUM_BYTES) {
    throw new CliError(`cannot read the CBOR: a bignum of ${content.length} bytes; ${MAX_BIGNUM_BYTES} are the limit`);
  }
  return content.length === 0 ? 0n : BigInt(`0x${content.toString('hex')}`);
}
