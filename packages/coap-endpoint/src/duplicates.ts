import { type CoapMessage, Type } from '@lb-matrix/coap-codec';
import type { Quota } from './quota.ts';
import type { Transmission } from './transmission.ts';

/** A message that was received, so that it is recognised when it comes again. */
export interface Received {
  /** When it came for the first time, and how often it has come since. */
  readonly at: number;
  repeats: number;
  readonly expires: number;
  /** The ACK that it was given; a duplicate is given the same. */
  answer: Uint8Array | undefined;
}

/** Where the parameters in force are to be found. */
interface Parameters {
  readonly transmission: Pick<Transmission, 'exchangeLifetime' | 'nonLifetime'>;
}

/**
 * The messages that a peer sent within their lifetime (RFC 7252 section 4.5), by Message ID and token: clients exist
 * that give all their observations the same Message ID. An entry is never evicted while it lives, because its request
 * would be executed twice; when there are too many the caller has to turn down what is new.
 */
export class Duplicates {
  readonly #parameters: Parameters;
  readonly #quota: Quota;
  /** Of CON and of NON messages, oldest first: those of a type live equally long, or longer from some time on. */
  readonly #confirmables: Map<string, Received> = new Map();
  readonly #nonConfirmables: Map<string, Received> = new Map();

  constructor(parameters: Parameters, quota: Quota) {
    this.#parameters = parameters;
    this.#quota = quota;
  }

  find(message: CoapMessage, now: number): Received | undefined {
    const entry = this.#table(message).get(keyOf(message));
    return entry === undefined || entry.expires <= now ? undefined : entry;
  }

  /** Whether there is no room for another one. */
  full(now: number): boolean {
    if (!this.#quota.full) return false;
    this.expire(now);
    return this.#quota.full;
  }

  /** Remembers a message that `find` did not find. */
  add(message: CoapMessage, now: number): Received {
    const table = this.#table(message);
    const key = keyOf(message);
    const { exchangeLifetime, nonLifetime } = this.#parameters.transmission;
    const lifetime = message.type === Type.CON ? exchangeLifetime : nonLifetime;
    const entry: Received = { at: now, repeats: 0, expires: now + lifetime, answer: undefined };
    // An expired one of the same key gives up its place in the order.
    if (!table.delete(key)) this.#quota.take();
    table.set(key, entry);
    return entry;
  }

  /** Forgets a message. */
  remove(message: CoapMessage): void {
    if (this.#table(message).delete(keyOf(message))) this.#quota.give(1);
  }

  /** Forgets what has expired. */
  expire(now: number): void {
    for (const table of [this.#confirmables, this.#nonConfirmables]) {
      for (const [key, entry] of table) {
        if (entry.expires > now) break;
        table.delete(key);
        this.#quota.give(1);
      }
    }
  }

  /** When `expire` has something to do. */
  nextExpiry(): number | undefined {
    let next: number | undefined;
    for (const table of [this.#confirmables, this.#nonConfirmables]) {
      for (const { expires } of table.values()) {
        next = next === undefined ? expires : Math.min(next, expires);
        break;
      }
    }
    return next;
  }

  clear(): void {
    for (const table of [this.#confirmables, this.#nonConfirmables]) {
      this.#quota.give(table.size);
      table.clear();
    }
  }

  #table({ type }: CoapMessage): Map<string, Received> {
    return type === Type.CON ? this.#confirmables : this.#nonConfirmables;
  }
}

function keyOf({ messageId, token }: CoapMessage): string {
  let key = String.fromCharCode(messageId);
  for (const byte of token) key += String.fromCharCode(byte);
  return key;
}
