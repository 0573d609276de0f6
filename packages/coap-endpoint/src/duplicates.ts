import type { Quota } from './quota.ts';

/** A message that was received, so that it is recognised when it comes again. */
export interface Received {
  readonly expires: number;
  /** The ACK or RST that it was given; a duplicate is given the same. */
  answer: Uint8Array | undefined;
}

/**
 * The messages of one type that a peer sent within their lifetime (RFC 7252 section 4.5), by Message ID and token: clients exist that give all their
 * observations the same Message ID. An entry is never evicted while it lives, because the request would be executed twice; when there
 * are too many the caller has to turn down what is new.
 */
export class Duplicates {
  readonly #lifetime: number;
  readonly #max: number;
  readonly #quota: Quota;
  /** Oldest first: all live equally long. */
  readonly #entries: Map<string, Received> = new Map();

  constructor(lifetime: number, max: number, quota: Quota) {
    this.#lifetime = lifetime;
    this.#max = max;
    this.#quota = quota;
  }

  find(messageId: number, token: Uint8Array, now: number): Received | undefined {
    const entry = this.#entries.get(keyOf(messageId, token));
    return entry === undefined || entry.expires <= now ? undefined : entry;
  }

  /** Whether there is no room for another one. */
  full(now: number): boolean {
    if (this.#entries.size < this.#max && !this.#quota.full) return false;
    this.expire(now);
    return this.#entries.size >= this.#max || this.#quota.full;
  }

  /** Remembers a message that `find` did not find. */
  add(messageId: number, token: Uint8Array, now: number): Received {
    const key = keyOf(messageId, token);
    const entry: Received = { expires: now + this.#lifetime, answer: undefined };
    // An expired one of the same key gives up its place in the order.
    if (!this.#entries.delete(key)) this.#quota.take();
    this.#entries.set(key, entry);
    return entry;
  }

  /** Forgets what has expired. */
  expire(now: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.expires > now) return;
      this.#entries.delete(key);
      this.#quota.give(1);
    }
  }

  /** When `expire` has something to do. */
  nextExpiry(): number | undefined {
    for (const entry of this.#entries.values()) return entry.expires;
    return undefined;
  }

  clear(): void {
    this.#quota.give(this.#entries.size);
    this.#entries.clear();
  }
}

function keyOf(messageId: number, token: Uint8Array): string {
  let key = String.fromCharCode(messageId);
  for (const byte of token) key += String.fromCharCode(byte);
  return key;
}
