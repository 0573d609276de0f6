import { CborWalk } from './cbor-walk.ts';
import { keyNames, type NameOf } from './key-names.ts';
import { startOf } from './lean/header.ts';
import { roomIndex } from './lean/room-key.ts';

/** A piece of an answer of /sync or sliding sync, all of it about one thing. */
export interface SyncPart {
  /**
   * What it is about: a room, a sender, account data, the lists of devices; `''` for tokens, counts and the structure
   * around everything; `undefined` for what is not known here, which is not to be compressed.
   */
  readonly context: string | undefined;
  readonly start: number;
  readonly end: number;
}

/** The context of what no person has written. */
export const STRUCTURE = '';

/** Members without text of anybody: tokens and counts. */
const HARMLESS: readonly string[] = [
  'next_batch',
  'pos',
  'lists',
  'device_one_time_keys_count',
  'device_unused_fallback_key_types',
  'org.matrix.msc2732.device_unused_fallback_key_types',
];

/** Cuts the CBOR of an answer into parts, in order and without gaps. */
export function syncParts(cbor: Uint8Array): SyncPart[] {
  const cutter = new Cutter(cbor);
  cutter.answer();
  return cutter.finish();
}

class Cutter {
  readonly #walk: CborWalk;
  readonly #parts: SyncPart[] = [];
  #end = 0;

  constructor(cbor: Uint8Array) {
    this.#walk = new CborWalk(cbor, startOf(cbor));
  }

  finish(): SyncPart[] {
    this.#add(STRUCTURE, this.#walk.at, this.#walk.at);
    return this.#parts;
  }

  answer(): void {
    if (this.#walk.type !== 5) this.#take(undefined, 0);
    else
      this.#walk.members((key, start) => {
        const name = nameOf(key);
        if (name === 'rooms') this.#rooms(start);
        else if (name === 'extensions') this.#extensions(start);
        else if (name === 'to_device' || name === 'presence') this.#senders(name, start);
        else this.#plain(name, start);
      });
  }

  /** /sync has rooms by membership, sliding sync has them at once; a membership is no room id. */
  #rooms(from: number): void {
    this.#members(from, (key, start) => {
      const name = nameOf(key);
      if (name !== undefined && MEMBERSHIPS.includes(name)) this.#byRoom(start);
      else this.#take(roomOf(key), start);
    });
  }

  #byRoom(from: number): void {
    this.#members(from, (key, start) => this.#take(roomOf(key), start));
  }

  #extensions(from: number): void {
    this.#members(from, (key, start) => {
      const name = nameOf(key);
      if (name === 'to_device') this.#senders(name, start);
      else if (name === 'receipts' || name === 'typing') this.#inRooms(start);
      else if (name === 'e2ee') this.#members(start, (inner, at) => this.#plain(nameOf(inner), at));
      else this.#plain(name, start);
    });
  }

  #inRooms(from: number): void {
    this.#members(from, (key, start) => {
      if (nameOf(key) === 'rooms') this.#byRoom(start);
      else this.#take(undefined, start);
    });
  }

  /** The events of a map that has events, each with its sender. */
  #senders(kind: string, from: number): void {
    this.#members(from, (key, start) => {
      const name = nameOf(key);
      if (name === 'events' && this.#walk.type === 4) this.#walk.items((at) => this.#take(this.#sender(kind, at), at));
      else this.#plain(name, start);
    });
  }

  #sender(kind: string, at: number): string | undefined {
    const walk = new CborWalk(this.#walk.bytes, at);
    let sender: string | undefined;
    walk.members((key) => {
      const value = walk.item();
      if (nameOf(key) === 'sender') sender = `${kind} ${value}`;
    });
    return sender;
  }

  /** The members of the map whose own key stands at `from`; what should be a map and is none is not known. */
  #members(from: number, member: (key: string, start: number) => void): void {
    this.#walk.untag();
    if (this.#walk.type === 5) this.#walk.members(member);
    else this.#take(undefined, from);
  }

  #plain(name: string | undefined, start: number): void {
    const said =
      name !== undefined && !HARMLESS.includes(name) && !isHollow(new CborWalk(this.#walk.bytes, this.#walk.at));
    if (name !== undefined && !said) this.#walk.skip();
    else this.#take(name === 'account_data' || name === 'device_lists' ? name : undefined, start);
  }

  /** Takes what stands from `start` on, which is a key or the value that is next, to the end of that value. */
  #take(context: string | undefined, start: number): void {
    this.#walk.skip();
    this.#add(context, start, this.#walk.at);
  }

  #add(context: string | undefined, start: number, end: number): void {
    if (start > this.#end) this.#push(STRUCTURE, this.#end, start);
    if (end > start) this.#push(context, start, end);
    this.#end = end;
  }

  #push(context: string | undefined, start: number, end: number): void {
    const last = this.#parts.at(-1);
    if (last?.context !== context || last === undefined) this.#parts.push({ context, start, end });
    else this.#parts[this.#parts.length - 1] = { ...last, end };
  }
}

/** The context of a room, by its id as a key; what is no room id may hold several rooms. */
function roomOf(key: string): string | undefined {
  // A lean body numbers the rooms of the answer before it.
  if (roomIndex(key) !== undefined) return `room ${key}`;
  const first = key.charCodeAt(0);
  // A room id is text, or the bytes of a hash behind tag 89.
  const text = first >= 0x60 && first < 0x78 ? 1 : first === 0x78 ? 2 : 3;
  return key.startsWith('\xd8\x59') || (first >> 5 === 3 && key[text] === '!') ? `room ${key}` : undefined;
}

/** Empty maps and arrays in each other, under names of the table. */
function isHollow(walk: CborWalk): boolean {
  let hollow = true;
  const visit = (): void => {
    if (walk.type === 4) walk.items(visit);
    else if (walk.type === 5) {
      walk.members((_, start) => {
        hollow &&= walk.bytes[start]! < 0x40;
        visit();
      });
    } else {
      hollow = false;
      walk.skip();
    }
  };
  visit();
  return hollow;
}

const MEMBERSHIPS: readonly string[] = ['join', 'invite', 'leave', 'knock'];
/** Finds the name of a key, among those that matter here. */
const nameOf: NameOf = keyNames([
  ...HARMLESS,
  ...MEMBERSHIPS,
  'rooms',
  'extensions',
  'to_device',
  'presence',
  'receipts',
  'typing',
  'e2ee',
  'events',
  'sender',
  'account_data',
  'device_lists',
]);
