import type { MessagePart, Ticket } from '@lb-matrix/blockwise';
import { type CoapOption, Code, codeClass, OptionNumber, uintValue } from '@lb-matrix/coap-codec';
import { bodyKey } from './body-key.ts';
import type { Begun } from './bulk/server-blocks.ts';
import type { CoapResponse } from './exchange.ts';
import { type MessageLayer, type Outgoing, THINKING } from './message-layer.ts';
import type { NotificationOutcome, ObservationEnd } from './observation.ts';

/** A new state for an observer. */
export interface Notification {
  readonly id: number;
  readonly response: CoapResponse;
  readonly confirmable: boolean;
  /** The observation outlives its loss. */
  readonly park: boolean;
  /** Nothing follows it. */
  readonly last: boolean;
}

/** What an observation needs of the list that it stands in. */
export interface ObserverList {
  readonly layer: MessageLayer;
  /** The first message of a response, with room left for Observe. */
  firstMessage(observation: ServerObservation, response: CoapResponse, now: number): Begun;
  /** Nothing more is to be sent of the body of an older one. */
  stop(observation: ServerObservation, now: number): void;
  /** The message with the next Observe value, unless it has one that it has to keep. */
  observed(part: MessagePart): MessagePart;
  established(observation: ServerObservation, outcome: NotificationOutcome): void;
  settled(notification: Notification, outcome: NotificationOutcome): void;
  ended(observation: ServerObservation, reason: ObservationEnd): void;
}

const NOTHING: Uint8Array = new Uint8Array();
/** RFC 7641 section 4.5: how long NON notifications may follow each other, in milliseconds. */
const CONFIRM_EVERY = 24 * 3_600_000;
/** Section 4.5.1: the time between two NON notifications where the round-trip time is not known. */
const NON_PAUSE = 3000;

/** One observer (RFC 7641 section 4). As an outgoing message it is the notification on its way, and then the next. */
export class ServerObservation implements Outgoing {
  readonly id: number;
  readonly token: Uint8Array;
  readonly ticket: Ticket;
  readonly counted = true;
  readonly pause: number = NON_PAUSE;
  readonly ackDelay: number = THINKING;
  confirmable = true;
  readonly #list: ObserverList;
  #state: 'registering' | 'active' | 'removed' = 'registering';
  /** Of the first response: those that follow have the same (section 4.2). */
  #format: number | undefined;
  #confirmedAt: number;
  /** On its way, or waiting for its turn. */
  #current: Notification | undefined;
  #next: Notification | undefined;
  #inFlight = false;
  /** The current one without Observe; `undefined` until it goes out. */
  #part: MessagePart | undefined;
  #message: MessagePart = empty(Code.Content);

  constructor(id: number, token: Uint8Array, ticket: Ticket, list: ObserverList, now: number) {
    this.id = id;
    this.token = token;
    this.ticket = ticket;
    this.#list = list;
    this.#confirmedAt = now;
  }

  get code(): number {
    return this.#message.code;
  }

  get options(): readonly CoapOption[] {
    return this.#message.options;
  }

  get payload(): Uint8Array {
    return this.#message.payload;
  }

  get bodyKey(): string | undefined {
    return bodyKey(this.#message, this.ticket, this.token);
  }

  /** The first response is with the client, or sent once and for all: notifications may follow it. */
  activate(response: CoapResponse, outcome: 'sent' | 'acknowledged', now: number): void {
    if (this.#state !== 'registering') return;
    this.#state = 'active';
    this.#list.established(this, outcome);
    this.#format = formatOf(response);
    this.#proceed(now);
  }

  notify(notification: Notification, now: number): void {
    if (this.#state === 'removed' || this.#current?.last || this.#next?.last) {
      this.#list.settled(notification, 'ended');
      return;
    }
    if (this.#next !== undefined) this.#list.settled(this.#next, 'superseded');
    this.#next = notification;
    this.#proceed(now);
  }

  /** Takes it off the list. What was not delivered has the outcome that goes with the reason. */
  remove(reason: ObservationEnd, now: number): void {
    if (this.#state === 'removed') return;
    const outcome = reason === 'lost' || reason === 'rejected' ? reason : 'ended';
    if (this.#state === 'registering') this.#list.established(this, outcome);
    this.#state = 'removed';
    this.#list.layer.settle(this, now);
    this.#list.stop(this, now);
    if (this.#current !== undefined) this.#list.settled(this.#current, outcome);
    if (this.#next !== undefined) this.#list.settled(this.#next, 'ended');
    this.#list.ended(this, reason);
  }

  compose(now: number): boolean {
    // Section 4.5.2: the newest state takes over what remains of the attempts to deliver an older one.
    if (this.#next !== undefined) this.#take(this.#next);
    const fresh = this.#part === undefined;
    if (this.#part === undefined) {
      this.#list.stop(this, now);
      const { first, proceed } = this.#list.firstMessage(this, this.#sayable(this.#current!.response), now);
      this.#part = first;
      proceed?.(this.token, now);
      // Sections 3.2 and 4.2: after an error nothing follows.
      if (codeClass(this.#part.code) !== 2) this.#current = { ...this.#current!, last: true };
    }
    const { confirmable, last } = this.#current!;
    // What has begun as a CON goes on as one.
    if (!this.#inFlight) this.confirmable = confirmable || last || now >= this.#confirmedAt + CONFIRM_EVERY;
    this.#inFlight = true;
    // Section 4.4: the value is that of the time of the transmission, a retransmission included.
    this.#message = last ? this.#part : this.#list.observed(this.#part);
    return fresh;
  }

  shorten(): boolean {
    // It is divided anew, for what the path carries.
    this.#part = undefined;
    return false;
  }

  sent(_messageId: number, _now: number): void {
    if (!this.confirmable) this.#settle('sent');
  }

  paused(now: number): void {
    this.#inFlight = false;
    this.#proceed(now);
  }

  acknowledged(now: number): void {
    this.#inFlight = false;
    this.#confirmedAt = now;
    const { last } = this.#current!;
    this.#settle('acknowledged');
    if (last) this.remove('ended', now);
    else this.#proceed(now);
  }

  rejected(now: number): void {
    this.remove('rejected', now);
  }

  undeliverable(_why: unknown, now: number): void {
    if (!this.#current!.park) {
      this.remove('lost', now);
      return;
    }
    this.#inFlight = false;
    // Nothing of it is held meanwhile.
    this.#list.stop(this, now);
    this.#part = undefined;
    this.#message = empty(Code.Content);
    this.#settle('lost');
    this.#proceed(now);
  }

  /** Sends the next notification, if there is one and its turn has come. */
  #proceed(now: number): void {
    if (this.#state !== 'active' || this.#next === undefined || this.#inFlight) return;
    this.#take(this.#next);
    // For one that waits already this changes what it will say.
    this.#list.layer.submit(this, now);
  }

  #take(notification: Notification): void {
    this.#settle('superseded');
    this.#next = undefined;
    this.#current = notification;
    this.#part = undefined;
  }

  #settle(outcome: NotificationOutcome): void {
    if (this.#current === undefined) return;
    this.#list.settled(this.#current, outcome);
    this.#current = undefined;
  }

  /** Section 4.2: a format that the client did not get at first is not acceptable to it. */
  #sayable(response: CoapResponse): CoapResponse {
    const other = response.code === Code.Content && formatOf(response) !== this.#format;
    return other ? empty(Code.NotAcceptable) : response;
  }
}

function formatOf({ options }: CoapResponse): number | undefined {
  return uintValue(options, OptionNumber.ContentFormat);
}

function empty(code: number): MessagePart {
  return { code, options: [], payload: NOTHING };
}
