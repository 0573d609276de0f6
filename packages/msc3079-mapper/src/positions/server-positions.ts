import type { CoapOption } from '@lb-matrix/coap-codec';
import { sameBytes } from '../bytes.ts';
import { MappingError } from '../mapping-error.ts';
import { type NewsRequest, type Place, placeAfter } from './place.ts';
import type { SyncKind } from './sync-question.ts';
import { MAX_TAG, tagOption } from './tag.ts';

/** Places that a session remembers. A client uses the last; the others are for answers that were lost and for a second /sync. */
const MAX_PLACES = 4;
/** The longest answer that is kept to see whether the next is the same, in bytes. */
const MAX_ANSWER = 1024;

/** A request for news whose answer gets an ETag. */
export interface Asked extends NewsRequest {
  /** The ETag that it had in place of a position. */
  readonly tag: number | undefined;
}

/** The ETag of an answer. */
export interface Tagged {
  readonly option: CoapOption;
  /** It is the one that the client went on from, and so is the answer. */
  readonly same: boolean;
}

interface KnownPlace extends Place {
  readonly answer: Uint8Array | undefined;
}

/** Where the answers of one session have led, by the numbers that stand for it in ETags. No number is used twice. */
export class ServerPositions {
  readonly #places: Map<number, KnownPlace> = new Map();
  #last = 0;

  /** Throws `MappingError` (`unknown_position`). */
  find(tag: number, kind: SyncKind): Place {
    const place = this.#places.get(tag);
    if (place?.kind !== kind) throw new MappingError('unknown_position', 'No such position is known');
    this.#places.delete(tag);
    this.#places.set(tag, place);
    return place;
  }

  /** `undefined`: the answer gets none. */
  tag(answer: Uint8Array, asked: Asked): Tagged | undefined {
    const { tag } = asked;
    const before = tag === undefined ? undefined : this.#places.get(tag)?.answer;
    if (tag !== undefined && before !== undefined && sameBytes(before, answer)) {
      return { option: tagOption(tag), same: true };
    }
    const place = this.#last < MAX_TAG ? placeAfter(answer, asked) : undefined;
    if (place === undefined) return undefined;
    this.#last++;
    this.#places.set(this.#last, { ...place, answer: answer.length > MAX_ANSWER ? undefined : answer.slice() });
    if (this.#places.size > MAX_PLACES) this.#places.delete(this.#places.keys().next().value!);
    return { option: tagOption(this.#last), same: false };
  }
}
