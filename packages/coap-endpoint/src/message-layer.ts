import { type CoapOption, encodeMessage, Type } from '@lb-matrix/coap-codec';
import type { Allowance } from './allowance.ts';
import type { Deadlines } from './deadlines.ts';
import { MessageIds } from './message-ids.ts';
import type { PathSize } from './path-size.ts';
import { probe } from './probe.ts';
import type { Retransmission } from './retransmission.ts';
import type { EndpointStats } from './stats.ts';
import { ACK_DELAY, type Timing } from './timing.ts';

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
  /** Counts against NSTART: own requests, pings and notifications. */
  readonly counted: boolean;
  /**
   * For a CON that is the first block of a body: what tells the requests for the other blocks (blockwise's `cacheKey`).
   * They show that it arrived.
   */
  readonly bodyKey?: string | undefined;
  /**
   * How long the peer may take to acknowledge it, in milliseconds. Default: `ACK_DELAY`, which is what it may to a
   * request.
   */
  readonly ackDelay?: number | undefined;
  /** A later block of a body. Between ends that measure, it waits for what is small. */
  readonly bulk?: boolean | undefined;
  /** How long a NON that counts keeps its place, in milliseconds. Default: what PROBING_RATE allows. */
  readonly pause?: number | undefined;
  /**
   * Called before each transmission of a message whose text changes in time: `code`, `options` and `payload` are read
   * afterwards. True: it says something else than before, and so gets a Message ID of its own.
   */
  compose?(now: number): boolean;
  /**
   * Called when it is too long for the path, instead of sending it once more. True: something shorter has taken its place; else it is
   * composed and sent as ever.
   */
  shorten?(now: number): boolean;
  /** It went out for the first time, with this Message ID. */
  sent?(messageId: number, now: number): void;
  /** An empty ACK arrived for it. */
  acknowledged(now: number): void;
  /** A Reset arrived for it. */
  rejected(now: number): void;
  /** It stayed without acknowledgement after all retransmissions, or it does not fit the datagrams any more. */
  undeliverable(why: 'no_acknowledgement' | 'too_large', now: number): void;
  /** The pause of a NON is over. */
  paused?(now: number): void;
}

interface InFlight extends Timer {
  /** The last one is that of the text at hand. */
  readonly messageIds: number[];
  /** Of a CON. */
  readonly retransmission?: Retransmission;
  /** It has one of the places for blocks. */
  readonly bulk: boolean;
  /** Of the text at hand, in bytes. */
  length: number;
}

/**
 * The ACK delay, in milliseconds, of what the peer's endpoint acknowledges by itself: no more than a busy event loop or a radio
 * that has to wake up needs.
 */
export const PROMPT = 100;
/**
 * The ACK delay, in milliseconds, of a message that the peer acknowledges when its application has consumed it, and so nobody
 * knows when: a notification. That tells nothing of the round trip.
 */
export const THINKING = 2000;

const NOTHING: Uint8Array = new Uint8Array();

/**
 * The message layer of RFC 7252 section 4 for one peer: Message IDs, NSTART, retransmission, and the datagrams that
 * wait to be sent. What messages mean is the business of `ClientRole` and `ServerRole`.
 */
export class MessageLayer {
  readonly #timing: Timing;
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #maxPayload: () => number;
  readonly #timers: Deadlines<Timer>;
  readonly #stats: EndpointStats;
  readonly #path: PathSize;
  readonly #allowance: Allowance | undefined;
  readonly #ids: MessageIds;
  /** What counts waits for a place within NSTART, blocks behind all else; all messages for a Message ID. */
  readonly #counted: Set<Outgoing> = new Set();
  readonly #blocks: Set<Outgoing> = new Set();
  readonly #responses: Set<Outgoing> = new Set();
  readonly #inFlight: Map<Outgoing, InFlight> = new Map();
  readonly #byId: Map<number, Outgoing> = new Map();
  readonly #outbox: Uint8Array[] = [];
  /** Wakes the queue when Message IDs come free. */
  readonly #idTimer: Timer = { fire: (now) => this.pump(now) };
  #outstanding = 0;
  #outstandingBlocks = 0;
  /** Finds out whether anything arrives. */
  #probe: Outgoing | undefined;

  constructor(
    timing: Timing,
    randomBytes: (length: number) => Uint8Array,
    maxPayload: () => number,
    timers: Deadlines<Timer>,
    stats: EndpointStats,
    path: PathSize,
    allowance?: Allowance,
  ) {
    this.#timing = timing;
    this.#randomBytes = randomBytes;
    this.#maxPayload = maxPayload;
    this.#timers = timers;
    this.#stats = stats;
    this.#path = path;
    this.#allowance = allowance;
    this.#ids = new MessageIds(() => timing.transmission.exchangeLifetime, randomBytes);
  }

  /** The largest message that should be sent now, in bytes: the path carries it as far as is known. */
  get maxMessageBytes(): number {
    return Math.min(this.most, this.#path.ceiling);
  }

  /** The largest message that may be sent now, in bytes. */
  get most(): number {
    return this.#allowance === undefined ? this.#maxPayload() : Math.min(this.#maxPayload(), this.#allowance.room);
  }

  /** Sends a message when there is leave to: a place within NSTART and a Message ID. */
  submit(outgoing: Outgoing, now: number): void {
    if (!outgoing.counted) this.#responses.add(outgoing);
    else if (this.#timing.measured && outgoing.bulk) this.#blocks.add(outgoing);
    else this.#counted.add(outgoing);
    this.pump(now);
  }

  /** Ends the interest in a message: not sent if it was not yet, no more retransmissions, its place is free. */
  settle(outgoing: Outgoing, now: number): void {
    if (this.#counted.delete(outgoing) || this.#blocks.delete(outgoing) || this.#responses.delete(outgoing)) return;
    const inFlight = this.#inFlight.get(outgoing);
    if (inFlight === undefined) return;
    this.#inFlight.delete(outgoing);
    for (const messageId of inFlight.messageIds) {
      // A long wait may have outlived the lifetime of the Message ID.
      if (this.#byId.get(messageId) === outgoing) this.#byId.delete(messageId);
    }
    this.#timers.delete(inFlight);
    if (outgoing.counted) {
      this.#outstanding--;
      if (inFlight.bulk) this.#outstandingBlocks--;
      this.pump(now);
    }
  }

  /** Takes an ACK: empty, or with a response to this token. False when nothing waits for it. */
  acknowledge(messageId: number, token: Uint8Array | undefined, now: number): boolean {
    const outgoing = this.#byId.get(messageId);
    if (outgoing === undefined || !outgoing.confirmable) return false;
    if (token !== undefined && String(token) !== String(outgoing.token)) return false;
    // RFC 7641 section 4.5.2: that of a text that another one has superseded shows interest and nothing more.
    if (this.#inFlight.get(outgoing)!.messageIds.at(-1) !== messageId) return true;
    this.measure(outgoing, now);
    this.settle(outgoing, now);
    outgoing.acknowledged(now);
    return true;
  }

  /** Takes a Reset; false when it is for nothing that is known. */
  reset(messageId: number, now: number): boolean {
    const outgoing = this.#byId.get(messageId);
    if (outgoing === undefined) return false;
    this.measure(outgoing, now);
    this.settle(outgoing, now);
    outgoing.rejected(now);
    return true;
  }

  /** An acknowledgement has just arrived, whatever came with it: that tells the round trip. */
  measure(outgoing: Outgoing, now: number): void {
    const { ackDelay = ACK_DELAY } = outgoing;
    const inFlight = this.#inFlight.get(outgoing);
    const retransmission = inFlight?.retransmission;
    if (retransmission === undefined) return;
    this.#path.delivered(inFlight!.length, now);
    if (ackDelay <= ACK_DELAY) this.#timing.acknowledged(retransmission, now);
  }

  /**
   * A message of this length, or the answer to it, was lost so many `times` since it went at `first` (RFC 8899 section 4.3). True: it is
   * longer than messages should be.
   */
  lost(length: number, times: number, first: number, now: number): boolean {
    if (this.#path.lost(length, times, first, now) && this.#probe === undefined) {
      this.#probe = probe(PROMPT, () => {
        this.#probe = undefined;
      });
      this.submit(this.#probe, now);
    }
    return length > this.#path.ceiling;
  }

  /** Something waits for an acknowledgement, or for the end of a pause. */
  get waiting(): boolean {
    return this.#inFlight.size > 0;
  }

  /**
   * The peer asks for further blocks of this body, or says that it has the `whole`: it has the first, and acknowledges it in its own
   * time.
   */
  prove(bodyKey: string, whole: boolean, now: number): void {
    for (const [outgoing, inFlight] of this.#inFlight) {
      if (outgoing.bodyKey !== bodyKey || inFlight.retransmission === undefined) continue;
      inFlight.retransmission.prove(whole && this.#timing.measured, now);
      this.#timers.set(inFlight, inFlight.retransmission.deadline);
    }
  }

  /** Puts a datagram that needs no Message ID of ours in line: an ACK, a RST, or one of them again. */
  transmit(datagram: Uint8Array): void {
    // What is beyond the allowance is lost, as on the way.
    if (this.#allowance?.take(datagram.length) ?? true) this.#outbox.push(datagram);
    else this.#stats.dropped++;
  }

  /** So many consecutive Message IDs that nothing else gets from now on: the first of them. Once. */
  reserveIds(count: number): number {
    return this.#ids.reserve(count);
  }

  /** An empty ACK or a RST for a message of the peer. Returns it, to be repeated to duplicates. */
  transmitEmpty(type: typeof Type.ACK | typeof Type.RST, messageId: number): Uint8Array {
    const datagram = encodeMessage({ type, code: 0, messageId, token: NOTHING, options: [], payload: NOTHING });
    this.transmit(datagram);
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
    const { nstart } = this.#timing.transmission;
    for (const outgoing of this.#counted) {
      if (this.#outstanding >= nstart || !this.#sendCounted(this.#counted, outgoing, now)) return;
    }
    // Half of the places are kept for what is small.
    for (const outgoing of this.#blocks) {
      if (this.#outstanding >= nstart || this.#outstandingBlocks >= nstart / 2) return;
      if (!this.#sendCounted(this.#blocks, outgoing, now)) return;
    }
  }

  /** False when there is no Message ID. */
  #sendCounted(queue: Set<Outgoing>, outgoing: Outgoing, now: number): boolean {
    const messageId = this.#ids.take(now);
    if (messageId === undefined) {
      this.#timers.set(this.#idTimer, this.#ids.freeAt());
      return false;
    }
    queue.delete(outgoing);
    this.#send(outgoing, messageId, now, queue === this.#blocks);
    return true;
  }

  #send(outgoing: Outgoing, messageId: number, now: number, bulk = false): void {
    outgoing.compose?.(now);
    const datagram = encoded(outgoing, messageId);
    if (datagram.length > this.#maxPayload()) {
      outgoing.undeliverable('too_large', now);
      return;
    }
    const { confirmable, counted } = outgoing;
    this.transmit(datagram);
    // Nothing is expected after a NON response.
    if (confirmable || counted) {
      const inFlight = confirmable
        ? this.#retransmission(outgoing, messageId, datagram, bulk, now)
        : this.#pause(outgoing, messageId, datagram, bulk, now);
      this.#inFlight.set(outgoing, inFlight);
      this.#byId.set(messageId, outgoing);
      if (counted) this.#outstanding++;
      if (bulk) this.#outstandingBlocks++;
    }
    outgoing.sent?.(messageId, now);
  }

  /** Section 4.7: to a peer that does not answer a NON no more than PROBING_RATE. */
  #pause(outgoing: Outgoing, messageId: number, datagram: Uint8Array, bulk: boolean, start: number): InFlight {
    const inFlight = {
      messageIds: [messageId],
      bulk,
      length: datagram.length,
      fire: (now: number) => {
        this.settle(outgoing, now);
        outgoing.paused?.(now);
      },
    };
    const pause = outgoing.pause ?? (datagram.length * 1000) / this.#timing.transmission.probingRate;
    this.#timers.set(inFlight, start + pause);
    return inFlight;
  }

  /** Section 4.2: a CON is repeated until it is acknowledged or given up. */
  #retransmission(outgoing: Outgoing, messageId: number, first: Uint8Array, bulk: boolean, start: number): InFlight {
    const random = this.#randomBytes(2);
    const fraction = ((random[0]! << 8) | random[1]!) / 0x1_0000;
    const retransmission = this.#timing.begin(outgoing.ackDelay ?? ACK_DELAY, fraction, start);
    let datagram = first;
    const inFlight: InFlight = {
      messageIds: [messageId],
      bulk,
      length: first.length,
      retransmission,
      fire: (now) => {
        const due = retransmission.due(now);
        if (due === 'give_up') return this.#giveUp(outgoing, 'no_acknowledgement', now);
        if (due === 'again') {
          const lost = retransmission.transmissions;
          const tooLong = lost !== undefined && this.lost(datagram.length, lost.retransmissions, lost.first, now);
          if (tooLong && outgoing.shorten?.(now)) return;
          datagram = this.#again(outgoing, inFlight, datagram, now);
          if (datagram.length > this.#maxPayload()) return this.#giveUp(outgoing, 'too_large', now);
          inFlight.length = datagram.length;
          this.#stats.retransmissions++;
          this.transmit(datagram);
        }
        this.#timers.set(inFlight, retransmission.deadline);
      },
    };
    this.#timers.set(inFlight, retransmission.deadline);
    return inFlight;
  }

  /** What a retransmission says: the same, or with its place, its timer and its count what has superseded it. */
  #again(outgoing: Outgoing, inFlight: InFlight, before: Uint8Array, now: number): Uint8Array {
    if (outgoing.compose === undefined || this.#ids.exhausted(now)) return before;
    if (outgoing.compose(now)) {
      const messageId = this.#ids.take(now)!;
      inFlight.messageIds.push(messageId);
      this.#byId.set(messageId, outgoing);
    }
    return encoded(outgoing, inFlight.messageIds.at(-1)!);
  }

  #giveUp(outgoing: Outgoing, why: 'no_acknowledgement' | 'too_large', now: number): void {
    this.settle(outgoing, now);
    outgoing.undeliverable(why, now);
  }
}

function encoded({ code, token, options, payload, confirmable }: Outgoing, messageId: number): Uint8Array {
  return encodeMessage({ type: confirmable ? Type.CON : Type.NON, code, messageId, token, options, payload });
}
