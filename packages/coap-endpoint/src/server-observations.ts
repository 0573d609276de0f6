import { BlockwiseError, type MessagePart, type Ticket } from '@lb-matrix/blockwise';
import {
  CoapError,
  Code,
  codeClass,
  encodedLength,
  findOption,
  isResponse,
  OptionNumber,
  Type,
  uintOption,
} from '@lb-matrix/coap-codec';
import type { Begun, ServerBlocks } from './bulk/server-blocks.ts';
import type { ServerEvent } from './events.ts';
import type { CoapResponse } from './exchange.ts';
import type { MessageLayer } from './message-layer.ts';
import type { NotificationOutcome, NotifyOptions, ObservationEnd } from './observation.ts';
import { nextObserveValue } from './observe-sequence.ts';
import type { Quota } from './quota.ts';
import { type Notification, type ObserverList, ServerObservation } from './server-observation.ts';

const NOTHING: Uint8Array = new Uint8Array();
/** What Observe takes at most, in bytes. */
const OBSERVE_BYTES = 4;

/** The lists of observers (RFC 7641 section 4.1), as far as they are one peer: by token. */
export class ServerObservations implements ObserverList {
  readonly layer: MessageLayer;
  readonly #blocks: ServerBlocks;
  readonly #quota: Quota;
  readonly #emit: (event: ServerEvent) => void;
  readonly #byId: Map<number, ServerObservation> = new Map();
  readonly #byToken: Map<string, ServerObservation> = new Map();
  #nextId = 0;
  #nextNotification = 0;
  /** One for all: so it increases for each of them, also for one that is registered again (section 4.4). */
  #value = 0;

  constructor(layer: MessageLayer, blocks: ServerBlocks, quota: Quota, emit: (event: ServerEvent) => void) {
    this.layer = layer;
    this.#blocks = blocks;
    this.#quota = quota;
    this.#emit = emit;
  }

  /** Adds an observer; `undefined` when there is no place for another one. */
  open(token: Uint8Array, ticket: Ticket, now: number): ServerObservation | undefined {
    this.remove(token, 'replaced', now);
    if (this.#quota.full) return undefined;
    this.#quota.take();
    const observation = new ServerObservation(this.#nextId++, token, ticket, this, now);
    this.#byId.set(observation.id, observation);
    this.#byToken.set(String(token), observation);
    return observation;
  }

  /** Whether there is an observer with this token. */
  has(token: Uint8Array): boolean {
    return this.#byToken.has(String(token));
  }

  /** Takes the observer with this token off the list. */
  remove(token: Uint8Array, reason: ObservationEnd, now: number): void {
    this.#byToken.get(String(token))?.remove(reason, now);
  }

  /** Queues a notification and returns its id. Throws `CoapError` for a response that cannot be sent. */
  notify(id: number, response: CoapResponse, wishes: NotifyOptions, last: boolean, now: number): number {
    const { code, options } = response;
    if (!isResponse(code)) throw new CoapError('invalid_code', `${code} is not a response code`);
    encodedLength({ type: Type.CON, messageId: 0, token: NOTHING, code, options, payload: NOTHING });
    const { confirmable = true, park = false } = wishes;
    const notification = { id: this.#nextNotification++, response, confirmable, park, last };
    const observation = this.#byId.get(id);
    if (observation === undefined) this.settled(notification, 'ended');
    else observation.notify(notification, now);
    return notification.id;
  }

  /** Takes an observer off the list in silence. */
  end(id: number, now: number): void {
    this.#byId.get(id)?.remove('ended', now);
  }

  close(now: number): void {
    for (const observation of [...this.#byId.values()]) observation.remove('closed', now);
  }

  /** The first message of an answer to the registration. Throws `BlockwiseError` as `ServerTransfers`. */
  answer({ token, ticket }: ServerObservation, response: CoapResponse, now: number): Begun {
    const { maxMessageBytes, most } = this.layer;
    const room = { maxMessageBytes, most, tokenLength: token.length };
    const withoutObserve = { ...room, maxMessageBytes: maxMessageBytes - OBSERVE_BYTES, most: most - OBSERVE_BYTES };
    if (codeClass(response.code) !== 2 || !this.#blocks.divides(ticket, response, withoutObserve)) {
      return this.#blocks.respond(ticket, response, withoutObserve, now);
    }
    // RFC 9177 section 4.5: the value is the same on all blocks of a body.
    return this.#blocks.respond(ticket, this.observed(response), room, now);
  }

  /** What was sent of an older state, and more of it, is not wanted any more. */
  stop({ token }: ServerObservation, now: number): void {
    this.#blocks.stop(token, now);
  }

  firstMessage(observation: ServerObservation, response: CoapResponse, now: number): Begun {
    try {
      return this.answer(observation, response, now);
    } catch (error) {
      if (!(error instanceof BlockwiseError)) throw error;
      return { first: { code: Code.InternalServerError, options: [], payload: NOTHING } };
    }
  }

  observed(part: MessagePart): MessagePart {
    if (findOption(part.options, OptionNumber.Observe) !== undefined) return part;
    this.#value = nextObserveValue(this.#value);
    return { ...part, options: [uintOption(OptionNumber.Observe, this.#value), ...part.options] };
  }

  established({ id }: ServerObservation, outcome: NotificationOutcome): void {
    this.#emit({ kind: 'established', id, outcome });
  }

  settled({ id }: Notification, outcome: NotificationOutcome): void {
    this.#emit({ kind: 'notified', id, outcome });
  }

  ended({ id, token }: ServerObservation, reason: ObservationEnd): void {
    this.#byId.delete(id);
    this.#byToken.delete(String(token));
    this.#quota.give(1);
    this.#emit({ kind: 'unobserved', id, reason });
  }
}
