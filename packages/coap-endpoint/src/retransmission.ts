import type { Timeouts, Transmissions } from './round-trip.ts';
import type { Transmission } from './transmission.ts';

/**
 * How many times longer the waits are for a message that the peer is known to have, while the rest of its body is on the way: before that
 * is there nothing will be acknowledged.
 */
const PROVEN_FACTOR = 4;

/** When a CON is sent again, and when it is given up (RFC 7252 section 4.2): after one wait, a longer one, and so on. */
export class Retransmission {
  /** When `due` is to be asked next. */
  deadline: number;
  readonly #transmission: Transmission;
  readonly #timeouts: Timeouts;
  readonly #first: number;
  #sentAt: number;
  #count = 0;
  #proven = false;
  #factor = 1;
  /** When the wait ends, however late one is. */
  #waitEnds: number;
  /** When it may be sent for the last time, and when it is given up whatever was sent. */
  #last: number;
  #end: number;

  constructor(transmission: Transmission, timeouts: Timeouts, now: number) {
    const { maxTransmitSpan, maxTransmitWait } = transmission;
    this.#transmission = transmission;
    this.#timeouts = timeouts;
    this.#first = now;
    this.#sentAt = now;
    this.#waitEnds = now + timeouts.wait(0);
    this.#last = now + maxTransmitSpan;
    this.#end = now + maxTransmitWait;
    this.deadline = this.#waitEnds;
  }

  /** What tells the round trip; `undefined` when the acknowledgement was not for the peer to give at once. */
  get transmissions(): Transmissions | undefined {
    if (this.#proven) return undefined;
    return { first: this.#first, last: this.#sentAt, retransmissions: this.#count };
  }

  /** What the deadline asks for: to send the message again, to wait for the next one, or to give up. */
  due(now: number): 'again' | 'wait' | 'give_up' {
    const { maxRetransmit } = this.#transmission;
    if (this.#count === maxRetransmit || now >= this.#end) return 'give_up';
    // What would fall beyond MAX_TRANSMIT_SPAN is left out: after long waits, or by whoever is late (a suspended machine).
    if (now > this.#last) {
      this.#count = maxRetransmit;
      this.deadline = this.#end;
      return 'wait';
    }
    this.#count++;
    this.#sentAt = now;
    this.#waitEnds += this.#factor * this.#timeouts.wait(this.#count);
    const next = Math.max(this.#waitEnds, now + this.#timeouts.least);
    this.deadline = this.#proven && this.#count === maxRetransmit ? this.#end : next;
    return 'again';
  }

  /**
   * The peer has shown that it has the message. From now on it is given up an EXCHANGE_LIFETIME after the last such sign; but sent
   * again only while the peer recognises it as the same (section 4.4). The waits are longer, unless the peer has said that it has the
   * `whole` body: what is missing then is that it has done with it, or an ACK that got lost.
   */
  prove(whole: boolean, now: number): void {
    const { exchangeLifetime, maxLatency, maxRetransmit } = this.#transmission;
    this.#proven = true;
    this.#factor = whole ? 1 : PROVEN_FACTOR;
    this.#count = 0;
    this.#waitEnds = now + this.#factor * this.#timeouts.wait(0);
    this.#last = this.#first + exchangeLifetime - maxLatency;
    this.#end = now + exchangeLifetime;
    this.deadline = maxRetransmit === 0 ? this.#end : this.#waitEnds;
  }
}
