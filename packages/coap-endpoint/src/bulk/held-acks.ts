import { type CoapMessage, Type } from '@lb-matrix/coap-codec';
import type { Deadlines } from '../deadlines.ts';
import type { Received } from '../duplicates.ts';
import type { MessageLayer, Timer } from '../message-layer.ts';

/** A CON of which the acknowledgement is held back. */
export interface HeldAck extends Timer {
  readonly message: CoapMessage;
  readonly received: Received;
  /** When it is acknowledged at the latest. */
  readonly at: number;
}

/**
 * The first blocks of requests, each a CON: their acknowledgement waits a little for the others, because the response may go in it then
 * (RFC 7252 section 5.2.1).
 */
export class HeldAcks {
  readonly #layer: MessageLayer;
  readonly #timers: Deadlines<Timer>;
  readonly #held: Map<string, HeldAck> = new Map();

  constructor(layer: MessageLayer, timers: Deadlines<Timer>) {
    this.#layer = layer;
    this.#timers = timers;
  }

  hold(message: CoapMessage, received: Received, at: number): void {
    const key = String(message.token);
    const held: HeldAck = {
      message,
      received,
      at,
      fire: () => {
        this.#held.delete(key);
        received.answer = this.#layer.transmitEmpty(Type.ACK, message.messageId);
      },
    };
    this.take(message.token);
    this.#held.set(key, held);
    this.#timers.set(held, at);
  }

  /** The one of the message with this token: it is the caller's to acknowledge from now on. */
  take(token: Uint8Array): HeldAck | undefined {
    const key = String(token);
    const held = this.#held.get(key);
    if (held === undefined) return undefined;
    this.#held.delete(key);
    this.#timers.delete(held);
    return held;
  }

  clear(): void {
    for (const held of this.#held.values()) this.#timers.delete(held);
    this.#held.clear();
  }
}
