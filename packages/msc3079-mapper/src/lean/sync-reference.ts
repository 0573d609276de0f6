import { decodeValue } from '@lb-matrix/lb-cbor-keys';
import type { BodyForm } from '../body-form.ts';
import { type CborMap, type Item, type Member, sizeOf } from './item.ts';
import { isListing, type Place, placeOf } from './place.ts';

/**
 * What both ends of a connection know of an answer of /sync, or of a question before its first answer: what a lean answer
 * refers to. Plain data, bounded: at most about 8 KiB. It holds ids of rooms and counts, and no event.
 */
export interface SyncReference {
  /** 0 to 7: how many answers ago the question was, modulo 8. */
  readonly generation: number;
  /** `next_batch`, or `pos`; `undefined` in a question from the start. */
  readonly position: string | undefined;
  /** The answer without what is new in it: no rooms, empty arrays for events and the like. */
  readonly answer: CborMap | undefined;
  /** The same of rooms, the last first. */
  readonly rooms: readonly KnownRoom[];
  /** Who has sent the last echo, as CBOR, and when, in milliseconds. */
  readonly sender: Uint8Array | undefined;
  readonly time: number;
}

interface KnownRoom {
  /** Its id as a key. */
  readonly key: string;
  readonly room: CborMap;
}

/** What echoes say of whoever has sent them. */
export type Author = Pick<SyncReference, 'sender' | 'time'>;

const GENERATIONS = 8;

/** Bounds of what is kept, in bytes of CBOR. */
const MAX_ANSWER = 4096;
const MAX_ROOM = 256;
const MAX_ROOMS = 16;
const MAX_POSITION = 512;

/** What is known when nothing was answered yet: where the question goes on from. */
export function firstReference(position: string | undefined): SyncReference {
  return { generation: 0, position, answer: undefined, rooms: [], sender: undefined, time: 0 };
}

/** What is known after an answer that referred to `before`. Both ends come to the same. Throws `RangeError` for no answer. */
export function nextReference(
  before: SyncReference,
  answer: CborMap,
  form: BodyForm,
  { sender, time }: Author,
): SyncReference {
  const kept = withoutNews(answer, 'answer');
  return {
    generation: (before.generation + 1) % GENERATIONS,
    position: positionOf(answer, form),
    answer: kept === undefined || sizeOf(kept) > MAX_ANSWER ? undefined : (kept as CborMap),
    rooms: nextRooms(before.rooms, answer),
    sender,
    time,
  };
}

/** Where an answer goes on from. Throws `RangeError` where it does not say so in text. */
function positionOf(answer: CborMap, form: BodyForm): string {
  const token = answer.members.find(({ key }) => placeOf('answer', key) === 'position')?.value;
  const position = token instanceof Uint8Array ? decodeValue(token, { base64: form.base64 }) : undefined;
  if (typeof position !== 'string' || position.length > MAX_POSITION) throw new RangeError('no answer of /sync');
  return position;
}

function nextRooms(before: readonly KnownRoom[], answer: CborMap): KnownRoom[] {
  const rooms = new Map<string, KnownRoom>();
  const visit = ({ members }: CborMap, place: Place): void => {
    for (const { key, value } of members) {
      if (value instanceof Uint8Array) continue;
      const inner = placeOf(place, key);
      if (inner === 'rooms' || inner === 'membership') visit(value, inner);
      else if (inner === 'room') {
        const room = withoutNews(value, 'room');
        rooms.delete(key);
        if (room !== undefined && sizeOf(room) <= MAX_ROOM) rooms.set(key, { key, room: room as CborMap });
      }
    }
  };
  visit(answer, 'answer');
  const seen = [...rooms.values()].reverse();
  const others = before.filter(({ key }) => !rooms.has(key));
  return [...seen, ...others].slice(0, MAX_ROOMS);
}

const EMPTY_ARRAY = Uint8Array.of(0x80);
const EMPTY_MAP: CborMap = { patch: false, members: [] };

function withoutNews(item: Item, place: Place): Item | undefined {
  if (item instanceof Uint8Array) {
    const isNews = (place === 'news' || place === 'events' || place === 'timeline') && item[0]! >> 5 === 4;
    if (isNews) return EMPTY_ARRAY;
    return item.length > MAX_ANSWER ? undefined : item.slice();
  }
  if (isListing(place)) return EMPTY_MAP;
  const members: Member[] = [];
  for (const { key, value } of item.members) {
    const kept = withoutNews(value, placeOf(place, key));
    if (kept !== undefined) members.push({ key, value: kept });
  }
  return { patch: false, members };
}
