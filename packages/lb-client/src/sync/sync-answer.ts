import type { HttpResponse } from '@lb-matrix/msc3079-mapper';
import { isObject, parseJson } from '../json.ts';
import { partsOfCursor, type SyncCall, slidingCursor } from './sync-call.ts';

/** What the SDK gets for a call, or what the server pushed. */
export interface SyncAnswer {
  /** Where the next call goes on from; `undefined` in an error. */
  readonly cursor: string | undefined;
  readonly response: HttpResponse;
}

/** The members of a /sync answer that say how things are, not what is new: an empty answer repeats them. */
const STANDING = [
  'device_one_time_keys_count',
  'device_unused_fallback_key_types',
  'org.matrix.msc2732.device_unused_fallback_key_types',
] as const;

/** Reads what one kind of sync says about itself, and makes the answers that say nothing new. */
export class SyncAnswers {
  readonly #kind: SyncCall['kind'];
  /** What an empty answer holds besides its cursor. */
  #standing: Record<string, unknown> = {};

  constructor(kind: SyncCall['kind']) {
    this.#kind = kind;
  }

  /** The answer in a response to a question from `cursor`, remembered for the empty answers after it. */
  read(response: HttpResponse, cursor: string): SyncAnswer {
    const body = response.status === 200 ? parseJson(response.body) : undefined;
    if (!isObject(body)) return { cursor: undefined, response };
    return { cursor: this.#kind === 'v2' ? this.#readV2(body) : this.#readSliding(body, cursor), response };
  }

  /** Nothing new since `cursor`. */
  empty(cursor: string): HttpResponse {
    const position = this.#kind === 'v2' ? { next_batch: cursor } : { pos: partsOfCursor(cursor).pos };
    const body = new TextEncoder().encode(JSON.stringify({ ...position, ...this.#standing }));
    return { status: 200, headers: [['content-type', 'application/json']], body };
  }

  #readV2(body: Record<string, unknown>): string | undefined {
    for (const name of STANDING) if (Object.hasOwn(body, name)) this.#standing[name] = body[name];
    return typeof body.next_batch === 'string' ? body.next_batch : undefined;
  }

  #readSliding(body: Record<string, unknown>, before: string): string | undefined {
    const { pos, lists, extensions } = body;
    this.#standing = { lists: isObject(lists) ? withoutOperations(lists) : {}, rooms: {}, extensions: {} };
    if (typeof pos !== 'string') return undefined;
    const toDevice =
      isObject(extensions) && isObject(extensions.to_device) ? extensions.to_device.next_batch : undefined;
    return slidingCursor(pos, typeof toDevice === 'string' ? toDevice : partsOfCursor(before).toDevice);
  }
}

/** The lists with their counts, and nothing that has moved in them. */
function withoutOperations(lists: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(lists).map(([name, list]) => [name, isObject(list) ? { ...list, ops: [] } : list]);
  return Object.fromEntries(entries);
}
