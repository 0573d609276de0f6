import { concat, sameBytes } from '../bytes.ts';
import { latin1 } from '../cbor-walk.ts';

/** CBOR taken apart as far as lean bodies look: maps, and everything else as the bytes that it is. */
export type Item = Uint8Array | CborMap;

export interface CborMap {
  /** Only what differs from the map that the reference has in its place. */
  readonly patch: boolean;
  readonly members: readonly Member[];
}

export interface Member {
  /** The bytes of the key, each as a character. */
  readonly key: string;
  readonly value: Item;
}

/** Bytes of lean CBOR that the CBOR of JSON never has: simple values without a meaning, tags without one in JSON. */
export const Mark = {
  /** Tags 0 to 7: a lean body, of the generation that it refers to. */
  Body: 0xc0,
  /** Tag 8: a map that is a patch. */
  Patch: 0xc8,
  /** Tag 9: an event that is an echo. */
  Echo: 0xc9,
  /** Simple value 0, in a patch: the member is as it was. */
  Same: 0xe0,
  /** Simple value 1, in a patch: there is no such member any more. */
  Gone: 0xe1,
} as const;

/** How deep maps are looked into, and how deep anything may be nested. */
const MAP_DEPTH = 6;
const MAX_DEPTH = 160;

/**
 * The one item in `bytes`, and its maps down to a depth. Throws `RangeError` for what is not well-formed CBOR of definite
 * lengths (RFC 8949 3).
 */
export function readItem(bytes: Uint8Array, mapDepth: number = MAP_DEPTH): Item {
  const reader = new ItemReader(bytes);
  const item = reader.item(mapDepth);
  reader.end();
  return item;
}

/** The items of an array; `undefined` for everything else. Throws as `readItem`. */
export function readArray(bytes: Uint8Array): Uint8Array[] | undefined {
  if (bytes[0]! >> 5 !== 4) return undefined;
  const reader = new ItemReader(bytes);
  const items: Uint8Array[] = [];
  for (let left = reader.head(); left > 0; left--) items.push(reader.bytesOf());
  reader.end();
  return items;
}

/** Reads CBOR of which nothing is known. */
class ItemReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  item(mapDepth: number): Item {
    const initial = this.#bytes[this.#at];
    if (mapDepth > 0 && initial === Mark.Patch && this.#bytes[this.#at + 1]! >> 5 === 5) {
      this.#at++;
      return { patch: true, members: this.#members(mapDepth) };
    }
    if (mapDepth > 0 && initial !== undefined && initial >> 5 === 5) {
      return { patch: false, members: this.#members(mapDepth) };
    }
    return this.bytesOf();
  }

  #members(mapDepth: number): Member[] {
    const members: Member[] = [];
    for (let left = this.head(); left > 0; left--) {
      members.push({ key: latin1(this.bytesOf()), value: this.item(mapDepth - 1) });
    }
    return members;
  }

  bytesOf(): Uint8Array {
    const start = this.#at;
    this.#skip(MAX_DEPTH);
    return this.#bytes.subarray(start, this.#at);
  }

  /** Goes past a head and returns its argument. */
  head(): number {
    const initial = this.#bytes[this.#at++];
    const info = (initial ?? 0xff) & 0x1f;
    if (info < 24) return info;
    if (info > 27) throw new RangeError('not CBOR of definite length');
    let value = 0;
    for (let left = 2 ** (info - 24); left > 0; left--) value = value * 256 + (this.#bytes[this.#at++] ?? Number.NaN);
    if (Number.isNaN(value)) throw new RangeError('CBOR that is cut off');
    return value;
  }

  #skip(depth: number): void {
    const type = this.#bytes[this.#at]! >> 5;
    const argument = this.head();
    if (type === 2 || type === 3) {
      this.#at += argument;
      this.#check(0);
    } else if (type === 4 || type === 5) {
      const count = type === 4 ? argument : 2 * argument;
      this.#check(count);
      if (depth === 0) throw new RangeError('CBOR that is nested too deep');
      for (let left = count; left > 0; left--) this.#skip(depth - 1);
    } else if (type === 6) {
      if (depth === 0) throw new RangeError('CBOR that is nested too deep');
      this.#skip(depth - 1);
    }
  }

  /** At least so many bytes have to follow. */
  #check(count: number): void {
    if (this.#at + count > this.#bytes.length) throw new RangeError('CBOR that is cut off');
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError('something follows the CBOR');
  }
}

/** The CBOR of an item. */
export function writeItem(item: Item): Uint8Array {
  const pieces: Uint8Array[] = [];
  write(item, pieces);
  return concat(pieces);
}

/** An array of items. */
export function writeArray(items: readonly Uint8Array[]): Uint8Array {
  return concat([head(4, items.length), ...items]);
}

/** How many bytes `writeItem` makes. */
export function sizeOf(item: Item): number {
  if (item instanceof Uint8Array) return item.length;
  let size = (item.patch ? 1 : 0) + head(5, item.members.length).length;
  for (const { key, value } of item.members) size += key.length + sizeOf(value);
  return size;
}

export function sameItem(a: Item, b: Item): boolean {
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b);
  }
  return (
    a.members.length === b.members.length &&
    a.members.every(({ key, value }, i) => key === b.members[i]!.key && sameItem(value, b.members[i]!.value))
  );
}

/** The bytes of a key. */
export function bytesOfKey(key: string): Uint8Array {
  return Uint8Array.from(key, (char) => char.charCodeAt(0));
}

function write(item: Item, pieces: Uint8Array[]): void {
  if (item instanceof Uint8Array) {
    pieces.push(item);
    return;
  }
  if (item.patch) pieces.push(Uint8Array.of(Mark.Patch));
  pieces.push(head(5, item.members.length));
  for (const { key, value } of item.members) {
    pieces.push(bytesOfKey(key));
    write(value, pieces);
  }
}

/** The head of an item (RFC 8949 3), for arguments below 2^32. */
export function head(type: number, argument: number): Uint8Array {
  const major = type << 5;
  if (argument < 24) return Uint8Array.of(major | argument);
  if (argument < 0x100) return Uint8Array.of(major | 24, argument);
  if (argument < 0x10000) return Uint8Array.of(major | 25, argument >> 8, argument & 0xff);
  const bytes = new Uint8Array(5);
  bytes[0] = major | 26;
  new DataView(bytes.buffer).setUint32(1, argument);
  return bytes;
}
