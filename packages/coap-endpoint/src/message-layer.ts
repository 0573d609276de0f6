import { type CoapOption, encodeMessage, Type } from '@lb-matrix/coap-codec';
import type { Deadlines } from './deadlines.ts';
import { MessageIds } from './message-ids.ts';
import type { EndpointStats } from './stats.ts';
import type { Transmission } from './transmission.ts';

/** Something that has a deadline. */
export interface Timer {
  fire(now: number): void;
}

/** A message that is sent once there is leave to, and what becomes of it. */
export interface Outgoing {
  readonly code: number;
  readonly token: Uint8Array;
  readonly options: readonly CoapOption[];
  readonly payload: Uint8Array;
  /** CON: retransmitted until it is acknowledged or rejected. */
  readonly confirmable: boolean;
  /** Counts against NSTART: own requests and pings. */
  readonly counted: boolean;
  /** It went out for the first time, with this Message ID. */
  sent?(messageId: number, now: number): void;
  /** An empty ACK arrived for it. */
  acknowledged(now: number): void;
  /** A Reset arrived for it. */
  rejected(now: number): void;
  /** It stayed without acknowledgement after all retransmissions, or it does not fit the datagrams any more. */
  undeliverable(why: 'no_acknowledgement' | 'too_large', now: number): void;
}

interface InFlight extends Timer {
  readonly messageId: number;
}

const NOTHING: Uint8Array = new Uint8Array();

/**
 * The message layer of RFC 7252 section 4 for one peer: Message IDs, NSTART, retransmission, and the datagrams that
 * wait to be sent. What messages mean is the business of `ClientRole` and `ServerRole`.
 */
export class MessageLayer {
  readonly #transmission: Transmission;
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #maxPayload: () => number;
  readonly #timers: Deadlines<Timer>;
  readonly #stats: EndpointStats;
  readonly #ids: MessageIds;
  /** Own requests and pings wait for a place within NSTART, all messages for a Message ID. */
  readonly #requests: Set<Outgoing> = new Set();
  readonly #responses: Set<Outgoing> = new Set();
  readonly #inFlight: Map<Outgoing, InFlight> = new Map();
  readonly #byId: Map<number, Outgoing> = new Map();
  readonly #outbox: Uint8Array[] = [];
  /** Wakes the queue when Message IDs come free. */
  readonly #idTimer: Timer = { fire: (now) => this.pump(now) };
  #outstanding = 0;

  constructor(
    transmission: Transmission,
    randomBytes: (length: number) => Uint8Array,
    maxPayload: () => number,
    timers: Deadlines<Timer>,
    stats: EndpointStats,
  ) {
    this.#transmission = transmission;
    this.#randomBytes = randomBytes;
    this.#maxPayload = maxPayload;
    this.#timers = timers;
    this.#stats = stats;
    this.#ids = new MessageIds(transmission.exchangeLifetime, randomBytes);
  }

  /** The largest message that may be sent now, in bytes. */
  get maxMessageBytes(): number {
    return this.#maxPayload();
  }

  /** Sends a message when there is leave to: a place within NSTART and a Message ID. */
  submit(outgoing: Outgoing, now: number): void {
    (outgoing.counted ? this.#requests : this.#responses).add(outgoing);
    this.pump(now);
  }

  /** Ends the interest in a message: not sent if it was not yet, no more retransmissions, its place is free. */
  settle(outgoing: Outgoing, now: number): void {
    if (this.#requests.delete(outgoing) || this.#responses.delete(outgoing)) return;
    const inFlight = this.#inFlight.get(outgoing);
    if (inFlight === undefined) return;
    this.#inFlight.delete(outgoing);
    this.#byId.delete(inFlight.messageId);
    this.#timers.delete(inFlight);
    if (outgoing.counted) {
      this.#outstanding--;
      this.pump(now);
    }
  }

  /** The message with this ID that waits for an acknowledgement (CON) or whose answer is awaited (NON). */
  awaiting(messageId: number): Outgoing | undefined {
    return this.#byId.get(messageId);
  }

  /** Puts a datagram that needs no Message ID of ours in line: an ACK, a RST, or one of them again. */
  transmit(datagram: Uint8Array): void {
    this.#outbox.push(datagram);
  }

  /** An empty ACK or a RST for a message of the peer. Returns it, to be repeated to duplicates. */
  transmitEmpty(type: typeof Type.ACK | typeof Type.RST, messageId: number): Uint8Array {
    const datagram = encodeMessage({ type, code: 0, messageId, token: NOTHING, options: [], payload: NOTHING });
    this.#outbox.push(datagram);
    return datagram;
  }

  /** Writes the next datagram to `out` and returns its length; one that does not fit is dropped. */
  pollTransmit(out: Uint8Array): number | undefined {
    for (;;) {
      const datagram = this.#outbox.shift();
      if (datagram === undefined) return undefined;
      if (datagram.length > out.length) continue;
      out.set(datagram);
      this.#stats.datagramsSent++;
      this.#stats.bytesSent += datagram.length;
      return datagram.length;
    }
  }

  /** Sends what has leave to be sent. */
  pump(now: number): void {
    for (const response of this.#responses) {
      const messageId = this.#ids.take(now);
      if (messageId !== undefined) {
        this.#responses.delete(response);
        this.#send(response, messageId, now);
      } else if (response.confirmable) {
        this.#timers.set(this.#idTimer, this.#ids.freeAt());
      } else {
        // A NON may be lost at any time; it is not worth memory that a peer could fill.
        this.#responses.delete(response);
      }
    }
    for (const request of this.#requests) {
      if (this.#outstanding >= this.#transmission.nstart) return;
      const messageId = this.#ids.take(now);
      if (messageId === undefined) {
        this.#timers.set(this.#idTimer, this.#ids.freeAt());
        return;
      }
      this.#requests.delete(request);
      this.#send(request, messageId, now);
    }
  }

  #send(outgoing: Outgoing, messageId: number, now: number): void {
    const { code, token, options, payload, confirmable } = outgoing;
    const datagram = encodeMessage({
      type: confirmable ? Type.CON : Type.NON,
      code,
      messageId,
      token,
      options,
      payload,
    });
    if (datagram.length > this.#maxPayload()) {
      outgoing.undeliverable('too_large', now);
      return;
    }
    this.#outbox.push(datagram);
    // Nothing is expected after a NON response.
    if (confirmable || outgoing.counted) {
      const inFlight = confirmable
        ? this.#retransmission(outgoing, messageId, datagram, now)
        : { messageId, fire: (at: number) => this.settle(outgoing, at) };
      this.#inFlight.set(outgoing, inFlight);
      this.#byId.set(messageId, outgoing);
      // Section 4.7: to a peer that does not answer a NON no more than PROBING_RATE.
      if (!confirmable) this.#timers.set(inFlight, now + (datagram.length * 1000) / this.#transmission.probingRate);
      if (outgoing.counted) this.#outstanding++;
    }
    outgoing.sent?.(messageId, now);
  }

  /** Section 4.2: a CON is repeated after a random time, then after twice that, and so on. */
  #retransmission(outgoing: Outgoing, messageId: number, datagram: Uint8Array, start: number): InFlight {
    const { ackTimeout, ackRandomFactor, maxRetransmit, maxTransmitSpan, maxTransmitWait } = this.#transmission;
    const random = this.#randomBytes(2);
    const fraction = ((random[0]! << 8) | random[1]!) / 0x1_0000;
    const timeout = ackTimeout * (1 + fraction * (ackRandomFactor - 1));
    let count = 0;
    const inFlight: InFlight = {
      messageId,
      fire: (now) => {
        if (count === maxRetransmit || now >= start + maxTransmitWait) {
          return this.#giveUp(outgoing, 'no_acknowledgement', now);
        }
        if (datagram.length > this.#maxPayload()) return this.#giveUp(outgoing, 'too_large', now);
        // Whoever is late (a suspended machine) leaves out what would fall beyond MAX_TRANSMIT_SPAN.
        if (now > start + maxTransmitSpan) {
          count = maxRetransmit;
          return this.#timers.set(inFlight, start + maxTransmitWait);
        }
        count++;
        this.#stats.retransmissions++;
        this.#outbox.push(datagram);
        this.#timers.set(inFlight, Math.max(start + timeout * (2 ** (count + 1) - 1), now + ackTimeout));
      },
    };
    this.#timers.set(inFlight, start + timeout);
    return inFlight;
  }

  #giveUp(outgoing: Outgoing, why: 'no_acknowledgement' | 'too_large', now: number): void {
    this.settle(outgoing, now);
    outgoing.undeliverable(why, now);
  }
}
