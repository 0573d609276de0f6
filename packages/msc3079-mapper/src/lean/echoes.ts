import { sameBytes } from '../bytes.ts';
import { readMember } from '../json-body.ts';

/** An event that this connection has sent. */
export interface SentEvent {
  readonly type: string;
  /** Its content, as JSON. */
  readonly body: Uint8Array;
  /** `undefined` before there is an answer. */
  readonly id: string | undefined;
}

interface Sent extends SentEvent {
  id: string | undefined;
  /** The same transaction was sent twice, with different content. */
  isDoubtful: boolean;
}

/** What is kept of one connection's. */
export interface EchoBounds {
  readonly count: number;
  readonly bytes: number;
}

/** A client keeps more: whatever the server refers to, it has. */
export const SERVER_ECHOES: EchoBounds = { count: 32, bytes: 16_384 };
export const CLIENT_ECHOES: EchoBounds = { count: 128, bytes: 65_536 };

/** The events that a connection has sent, the last ones, for their echoes in /sync. */
export class Echoes {
  readonly #bounds: EchoBounds;
  /** By room and transaction id. */
  readonly #sent: Map<string, Sent> = new Map();
  #bytes = 0;

  constructor(bounds: EchoBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#sent.size;
  }

  /** Keeps an event that is sent; the key to tell its id by. `undefined` for every other request. */
  send(method: string, target: string, body: Uint8Array | undefined): string | undefined {
    const [, room, type, transaction] = method === 'PUT' ? (SEND.exec(target) ?? []) : [];
    if (room === undefined || body === undefined || body.length > this.#bounds.bytes / 2) return undefined;
    const key = keyOf(decodeURIComponent(room), decodeURIComponent(transaction!));
    const sent = { type: decodeURIComponent(type!), body, id: undefined, isDoubtful: false };
    const before = this.#sent.get(key);
    if (before === undefined) this.#keep(key, sent);
    else if (before.type !== sent.type || !sameBytes(before.body, body)) before.isDoubtful = true;
    return key;
  }

  /** The homeserver has taken it, and said under which id. */
  answered(key: string, answer: Uint8Array): void {
    const id = readMember(answer, 'event_id');
    const sent = this.#sent.get(key);
    if (sent !== undefined && typeof id === 'string') sent.id = id;
  }

  /** What was sent to a room under a transaction id; `undefined` where that is not known for certain. */
  find(room: string, transaction: string): SentEvent | undefined {
    const sent = this.#sent.get(keyOf(room, transaction));
    return sent === undefined || sent.isDoubtful ? undefined : sent;
  }

  #keep(key: string, sent: Sent): void {
    this.#sent.set(key, sent);
    this.#bytes += sent.body.length;
    for (const [oldest, { body }] of this.#sent) {
      if (this.#sent.size <= this.#bounds.count && this.#bytes <= this.#bounds.bytes) break;
      this.#sent.delete(oldest);
      this.#bytes -= body.length;
    }
  }
}

const SEND = /^\/_matrix\/client\/(?:r0|v3)\/rooms\/([^/?]+)\/send\/([^/?]+)\/([^/?]+)(?:\?|$)/;

/** A transaction id is one of its room, as homeservers have it. */
function keyOf(room: string, transaction: string): string {
  return JSON.stringify([room, transaction]);
}
