import type { HttpRequest } from '../messages.ts';
import { type NewsRequest, type Place, placeAfter } from './place.ts';
import { positionsIn, type SyncKind, syncKind, withoutPosition } from './sync-question.ts';

/** An app has one /sync, now and then two. Fewer than the server remembers. */
const MAX_PLACES = 2;
/** What a server keeps of an answer, 1,024 bytes of its JSON, is not longer than this in ours. */
const MAX_ANSWER = 8192;
/** A server that forgets this often is not asked any more. */
const MAX_LOST = 3;

/** Where the server knows us to be. */
interface KnownPlace extends Place {
  readonly tag: number;
  /** The answer that led here, if it is short. */
  readonly answer: Uint8Array | undefined;
}

/** A request for news. */
export interface Asking extends NewsRequest {
  /** What its ETag stands for, where it has one. */
  readonly from: KnownPlace | undefined;
}

/** What of a request is sent. */
export interface Shortened {
  /** Without its position if there is an ETag. */
  readonly target: string;
  /** It is the target of the request before: its query need not be sent. */
  readonly again: boolean;
  readonly body: Uint8Array | undefined;
  readonly asking: Asking | undefined;
}

/** What a client has been told of where its answers led, for one session. */
export class ClientPositions {
  readonly #places: Map<string, KnownPlace> = new Map();
  #lost = 0;

  /** A request without what the server can know by an ETag. */
  shorten({ method, target, body }: HttpRequest): Shortened {
    const kind = syncKind(method.toUpperCase(), target);
    if (kind === undefined) return { target, again: false, body, asking: undefined };
    const [position, ...others] = positionsIn(target, kind);
    const from = position === undefined || others.length > 0 ? undefined : this.#places.get(key(kind, position));
    const question = withoutPosition(target, kind);
    const asking = { kind, target: question, body };
    if (from === undefined || this.#lost >= MAX_LOST) {
      return { target, again: false, body, asking: { ...asking, from: undefined } };
    }
    const isKnown = from.body !== undefined && body !== undefined && new TextDecoder().decode(body) === from.body;
    const again = question === from.target;
    return { target: question, again, body: isKnown ? undefined : body, asking: { ...asking, from } };
  }

  /** The server has named an answer. */
  learn(tag: number, answer: Uint8Array, asking: Asking): void {
    const { kind, from } = asking;
    const place = placeAfter(answer, asking);
    if (place === undefined) return;
    // The question that this answers does not come again.
    if (from !== undefined) this.#places.delete(key(kind, from.position));
    this.#places.set(key(kind, place.position), {
      ...place,
      tag,
      answer: answer.length > MAX_ANSWER ? undefined : answer,
    });
    if (this.#places.size > MAX_PLACES) this.#places.delete(this.#places.keys().next().value!);
  }

  /** The server has lost all of it, and begins to count anew. */
  clear(): void {
    this.#places.clear();
  }

  /** The server has forgotten a place. */
  forget({ kind, from }: Asking): void {
    this.#lost++;
    if (from !== undefined) this.#places.delete(key(kind, from.position));
  }
}

function key(kind: SyncKind, position: string): string {
  return `${kind} ${position}`;
}
