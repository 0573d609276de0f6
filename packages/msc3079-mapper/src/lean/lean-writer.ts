import { CborError } from '@lb-matrix/lb-cbor-keys';
import type { BodyForm } from '../body-form.ts';
import { concat, sameBytes } from '../bytes.ts';
import { shortEcho } from './echo.ts';
import type { Echoes } from './echoes.ts';
import { headerOf } from './header.ts';
import {
  type CborMap,
  type Item,
  Mark,
  type Member,
  readArray,
  readItem,
  sameItem,
  sizeOf,
  writeArray,
  writeItem,
} from './item.ts';
import { readLean } from './lean-reader.ts';
import { isListing, type Place, placeOf } from './place.ts';
import { roomId, roomKey } from './room-key.ts';
import { type Author, nextReference, type SyncReference } from './sync-reference.ts';
import { shortToken } from './token.ts';

/** Longer answers go in full: what is saved would be little of them. */
const MAX_BYTES = 65_536;

/** An answer of /sync in short. */
export interface LeanBody {
  readonly cbor: Uint8Array;
  /** What is known once the client has it. */
  readonly next: SyncReference;
}

/**
 * CBOR of ours of an answer of /sync or sliding sync, less what the client knows by the reference and by what it has sent. `undefined` for
 * an answer in which anything is unusual: it goes in full.
 */
export function writeLean(
  cbor: Uint8Array,
  form: BodyForm,
  before: SyncReference,
  echoes: Echoes,
): LeanBody | undefined {
  if (cbor.length > MAX_BYTES) return undefined;
  try {
    const answer = readItem(cbor);
    if (answer instanceof Uint8Array) return undefined;
    const writer = new LeanWriter(form, before, echoes);
    const lean = concat([headerOf(before.generation, cbor), writer.answer(answer)]);
    const next = nextReference(before, answer, form, writer.author);
    // Nothing leaves that does not come back as it is.
    if (!sameBytes(readLean(lean, form, [before], echoes).cbor, cbor)) return undefined;
    return { cbor: lean, next };
  } catch (error) {
    if (error instanceof RangeError || error instanceof CborError) return undefined;
    throw error;
  }
}

class LeanWriter {
  /** As the next answer may leave it out. */
  author: Author;
  readonly #form: BodyForm;
  readonly #before: SyncReference;
  readonly #echoes: Echoes;

  constructor(form: BodyForm, before: SyncReference, echoes: Echoes) {
    this.#form = form;
    this.#before = before;
    this.#echoes = echoes;
    this.author = { sender: before.sender, time: before.time };
  }

  answer(answer: CborMap): Uint8Array {
    const known = this.#before.answer ?? { patch: true, members: [] };
    const members = this.#patch(answer, known, 'answer');
    if (members === undefined) throw new RangeError('members in another order');
    return writeItem({ patch: false, members });
  }

  /** @param room - its key, inside a room */
  #lean(item: Item, known: Item | undefined, place: Place, room: string): Item {
    if (item instanceof Uint8Array) {
      if (place === 'position' || place === 'token') return shortToken(item, this.#before.position, place);
      return place === 'events' || place === 'timeline' ? this.#events(item, room) : item;
    }
    if (isListing(place)) return { patch: false, members: item.members.map((member) => this.#listed(member, place)) };
    const literal = this.#literal(item, place, room);
    if (known === undefined || known instanceof Uint8Array) return literal;
    const members = this.#patch(item, known, place, room);
    if (members === undefined) return literal;
    const patch = { patch: true, members };
    return sizeOf(patch) < sizeOf(literal) ? patch : literal;
  }

  #listed({ key, value }: Member, place: Place): Member {
    const inner = placeOf(place, key);
    if (inner === 'membership') return { key, value: this.#lean(value, undefined, inner, '') };
    const { rooms } = this.#before;
    const index = rooms.findIndex((known) => known.key === key);
    return { key: index < 0 ? key : roomKey(index), value: this.#lean(value, rooms[index]?.room, inner, key) };
  }

  #literal({ members }: CborMap, place: Place, room: string): CborMap {
    const lean = ({ key, value }: Member): Member => ({
      key,
      value: this.#lean(value, undefined, placeOf(place, key), room),
    });
    return { patch: false, members: members.map(lean) };
  }

  /**
   * The members that are not as they were. A member that the reference does not have comes behind the one before it, which is
   * therefore named. `undefined` where the order is not that of the reference.
   */
  #patch({ members }: CborMap, known: CborMap, place: Place, room = ''): Member[] | undefined {
    const places = new Map(known.members.map(({ key }, i) => [key, i]));
    const present = new Set(members.map(({ key }) => key));
    const patch: Member[] = [];
    let at = 0;
    let unnamed: string | undefined;
    const passGone = (end: number): boolean => {
      for (; at < end; at++) {
        const { key } = known.members[at]!;
        if (present.has(key)) return false;
        patch.push({ key, value: GONE });
        unnamed = undefined;
      }
      return true;
    };
    for (const { key, value } of members) {
      const i = places.get(key);
      const before = i === undefined ? undefined : known.members[i]!.value;
      if (i === undefined && unnamed !== undefined) patch.push({ key: unnamed, value: SAME });
      if (i !== undefined && (i < at || !passGone(i))) return undefined;
      if (i !== undefined) at = i + 1;
      const isSame = before !== undefined && sameItem(value, before);
      if (!isSame) patch.push({ key, value: this.#lean(value, before, placeOf(place, key), room) });
      unnamed = isSame ? key : undefined;
    }
    return passGone(known.members.length) ? patch : undefined;
  }

  #events(item: Uint8Array, room: string): Uint8Array {
    const events = this.#echoes.size === 0 ? undefined : readArray(item);
    if (events === undefined) return item;
    const id = roomId(room, this.#form);
    if (id === undefined) return item;
    const before = this.#before;
    const context = { form: this.#form, echoes: this.#echoes, before };
    const lean = events.map((event) => {
      const echo = shortEcho(event, id, context);
      if (echo !== undefined) this.author = echo.author;
      return echo?.bytes ?? event;
    });
    return writeArray(lean);
  }
}

const SAME = Uint8Array.of(Mark.Same);
const GONE = Uint8Array.of(Mark.Gone);
