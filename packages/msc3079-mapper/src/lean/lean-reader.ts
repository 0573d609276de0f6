import type { BodyForm } from '../body-form.ts';
import { wholeEcho } from './echo.ts';
import type { Echoes } from './echoes.ts';
import { HEADER_BYTES, headerOf } from './header.ts';
import { type CborMap, type Item, Mark, type Member, readArray, readItem, writeArray, writeItem } from './item.ts';
import { isListing, type Place, placeOf } from './place.ts';
import { roomId, roomIndex } from './room-key.ts';
import { type Author, nextReference, type SyncReference } from './sync-reference.ts';
import { wholeToken } from './token.ts';

/** What `writeLean` was given, and what is known from now on. */
export interface WholeBody {
  readonly cbor: Uint8Array;
  /** In place of those that were known before. */
  readonly known: readonly SyncReference[];
}

/**
 * The answer that a lean body means, by the reference of its generation. Throws `RangeError` or `CborError` for a body that is none, or refers to
 * something that this end does not have.
 *
 * @param known - the reference that a lean body has referred to last, if any, and the one after it
 */
export function readLean(lean: Uint8Array, form: BodyForm, known: readonly SyncReference[], echoes: Echoes): WholeBody {
  const before = known.find(({ generation }) => (Mark.Body | generation) === lean[0]);
  const item = readItem(lean.subarray(HEADER_BYTES));
  if (before === undefined || item instanceof Uint8Array || item.patch) throw new RangeError('no such reference');
  const reader = new LeanReader(form, before, echoes);
  const answer = reader.answer(item);
  const cbor = writeItem(answer);
  if (!headerOf(before.generation, cbor).every((byte, i) => byte === lean[i])) throw new RangeError('another answer');
  // What is older the server cannot refer to any more.
  return { cbor, known: [before, nextReference(before, answer, form, reader.author)] };
}

class LeanReader {
  author: Author;
  readonly #form: BodyForm;
  readonly #before: SyncReference;
  readonly #echoes: Echoes;

  constructor(form: BodyForm, before: SyncReference, echoes: Echoes) {
    this.#form = form;
    this.#before = before;
    this.#echoes = echoes;
    this.author = before;
  }

  answer(lean: CborMap): CborMap {
    return this.#patched(lean, this.#before.answer ?? NOTHING, 'answer', '');
  }

  /** @param room - its key, inside a room */
  #whole(item: Item, known: Item | undefined, place: Place, room: string): Item {
    if (item instanceof Uint8Array) {
      if (place === 'position' || place === 'token') return wholeToken(item, this.#before.position, place);
      return place === 'events' || place === 'timeline' ? this.#events(item, room) : item;
    }
    if (item.patch) {
      if (known === undefined || known instanceof Uint8Array) throw new RangeError('a patch of what is no map');
      return this.#patched(item, known, place, room);
    }
    const isListed = isListing(place);
    const members = item.members.map((member) =>
      isListed ? this.#listed(member, place) : this.#member(member, place, room),
    );
    return { patch: false, members };
  }

  #member({ key, value }: Member, place: Place, room: string): Member {
    return { key, value: this.#whole(value, undefined, placeOf(place, key), room) };
  }

  #listed({ key, value }: Member, place: Place): Member {
    const inner = placeOf(place, key);
    if (inner === 'membership') return { key, value: this.#whole(value, undefined, inner, '') };
    const index = roomIndex(key);
    if (index === undefined) return { key, value: this.#whole(value, undefined, inner, key) };
    const known = this.#before.rooms[index];
    if (known === undefined) throw new RangeError('no such room');
    return { key: known.key, value: this.#whole(value, known.room, inner, known.key) };
  }

  #patched({ members: patch }: CborMap, known: CborMap, place: Place, room: string): CborMap {
    const places = new Map(known.members.map(({ key }, i) => [key, i]));
    const members: Member[] = [];
    let at = 0;
    for (const { key, value } of patch) {
      const i = places.get(key);
      if (i === undefined) {
        members.push(this.#member({ key, value }, place, room));
        continue;
      }
      if (i < at) throw new RangeError('members in another order');
      members.push(...known.members.slice(at, i));
      at = i + 1;
      const before = known.members[i]!;
      if (isMark(value, Mark.Same)) members.push(before);
      else if (!isMark(value, Mark.Gone)) {
        members.push({ key, value: this.#whole(value, before.value, placeOf(place, key), room) });
      }
    }
    members.push(...known.members.slice(at));
    return { patch: false, members };
  }

  #events(item: Uint8Array, room: string): Uint8Array {
    const events = readArray(item);
    if (!events?.some(isEcho)) return item;
    const id = roomId(room, this.#form);
    if (id === undefined) throw new RangeError('an echo outside a room');
    const context = { form: this.#form, echoes: this.#echoes, before: this.#before };
    const whole = events.map((event) => {
      if (!isEcho(event)) return event;
      const { bytes, author } = wholeEcho(event, id, context);
      this.author = author;
      return bytes;
    });
    return writeArray(whole);
  }
}

const NOTHING: CborMap = { patch: false, members: [] };

function isEcho(event: Uint8Array): boolean {
  return event[0] === Mark.Echo;
}

function isMark(item: Item, mark: number): boolean {
  return item instanceof Uint8Array && item.length === 1 && item[0] === mark;
}
