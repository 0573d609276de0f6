import { type CoapMessage, Type } from '@lb-matrix/coap-codec';
import type { ClientBlocks } from './bulk/client-blocks.ts';
import type { ClientObservations, Watch } from './client-observations.ts';
import type { Duplicates, Received } from './duplicates.ts';
import type { Exchanges } from './exchanges.ts';
import type { MessageLayer } from './message-layer.ts';
import type { Resets } from './resets.ts';
import type { EndpointStats } from './stats.ts';

/** Finds out what each response of the peer belongs to (RFC 7252 section 5.3.2), and acknowledges or rejects it. */
export class Responses {
  readonly #layer: MessageLayer;
  readonly #exchanges: Exchanges;
  readonly #observations: ClientObservations;
  readonly #blocks: ClientBlocks;
  readonly #duplicates: Duplicates;
  readonly #resets: Resets;
  readonly #stats: EndpointStats;

  constructor(parts: {
    layer: MessageLayer;
    exchanges: Exchanges;
    observations: ClientObservations;
    blocks: ClientBlocks;
    duplicates: Duplicates;
    resets: Resets;
    stats: EndpointStats;
  }) {
    this.#layer = parts.layer;
    this.#exchanges = parts.exchanges;
    this.#observations = parts.observations;
    this.#blocks = parts.blocks;
    this.#duplicates = parts.duplicates;
    this.#resets = parts.resets;
    this.#stats = parts.stats;
  }

  /** An ACK, with a response or without. */
  acknowledgement(message: CoapMessage, now: number): void {
    if (message.code === 0) {
      if (!this.#layer.acknowledge(message.messageId, undefined, now)) this.#stats.dropped++;
      return;
    }
    // RFC 9177 section 4.3: what the server has of a request's body is no answer yet.
    if (this.#blocks.reported(message, now)) {
      this.#layer.acknowledge(message.messageId, message.token, now);
      return;
    }
    // An ACK with a response may follow an empty one; the RFC forbids it to servers, but some do it.
    const exchange = this.#exchanges.match(message, true);
    if (exchange !== undefined) {
      this.#layer.measure(exchange, now);
      this.#exchanges.take(exchange, message, undefined, now);
    }
    // Block 0, after others.
    else if (this.#blocks.take(message, now)) this.#layer.acknowledge(message.messageId, message.token, now);
    // RFC 7967 section 3.1: a server that does not know No-Response answers all the same.
    else if (!this.#layer.acknowledge(message.messageId, message.token, now)) this.#stats.dropped++;
  }

  /** A block of a response or of a notification, or a report of a request's body. */
  block(message: CoapMessage, now: number): void {
    const watch = this.#observations.match(message);
    if (watch !== undefined) {
      if (!this.#observations.receive(watch, message, undefined, now)) this.#resets.reject(message.messageId, now);
      return;
    }
    if (this.#blocks.reported(message, now) || this.#blocks.take(message, now)) return;
    const exchange = this.#exchanges.match(message, false);
    if (exchange === undefined || !this.#exchanges.take(exchange, message, undefined, now)) {
      this.#resets.reject(message.messageId, now);
    }
  }

  /** A separate response (section 5.2.2), or a notification. */
  message(message: CoapMessage, now: number): void {
    const watch = this.#observations.match(message);
    if (watch !== undefined) {
      this.#receiveNotification(watch, message, now);
      return;
    }
    const exchange = this.#exchanges.match(message, false);
    const acknowledge = () => {
      // Without a place to remember it a duplicate is nobody's and gets a Reset, which serves as well (section 5.3.2).
      const received = this.#duplicates.full(now) ? undefined : this.#duplicates.add(message, now);
      // Nor is it to be the answer to another request.
      if (received === undefined && exchange !== undefined) this.#exchanges.rest(message.token, now);
      if (message.type === Type.CON) this.#acknowledge(message, received);
    };
    if (this.#blocks.reported(message, now) || (exchange === undefined && this.#blocks.take(message, now))) {
      acknowledge();
      return;
    }
    if (exchange === undefined || !this.#exchanges.take(exchange, message, acknowledge, now)) {
      this.#resets.reject(message.messageId, now);
    }
  }

  #receiveNotification(watch: Watch, message: CoapMessage, now: number): void {
    // One that could not be recognised when it comes again would count twice. The server will send it again.
    if (this.#duplicates.full(now)) {
      this.#stats.dropped++;
      return;
    }
    const received = this.#duplicates.add(message, now);
    const acknowledge = () => {
      if (message.type === Type.CON) this.#acknowledge(message, received);
    };
    if (this.#observations.receive(watch, message, acknowledge, now)) return;
    // When it comes again it is nobody's, and rejected as that.
    this.#duplicates.remove(message);
    this.#resets.reject(message.messageId, now);
  }

  #acknowledge({ messageId }: CoapMessage, received: Received | undefined): void {
    const answer = this.#layer.transmitEmpty(Type.ACK, messageId);
    if (received !== undefined) received.answer = answer;
  }
}
