import type { Transmission } from './transmission.ts';

/**
 * How many times longer the waits are for a message that the peer is known to have: what is missing then is that the
 * peer has done with it, or an ACK that got lost.
 */
const PROVEN_FACTOR = 4;

/** When a CON is sent again, and when it is given up (RFC 7252 section 4.2): after a random time, twice that, and so on. */
export class Retransmission {
  /** When `due` is to be asked next. */
  deadline: number;
  readonly #transmission: Transmission;
  readonly #first: number;
  readonly #timeout: number;
  #count = 0;
  #proven = false;
  /** Where the waits begin, and the shortest of them. */
  #start: number;
  #wait: number;
  /** When it may be sent for the last time, and when it is given up whatever was sent. */
  #last: number;
  #end: number;

  /** `fraction`, from 0 to 1, chooses the first wait. */
  constructor(transmission: Transmission, fraction: number, now: number) {
    const { ackTimeout, ackRandomFactor, maxTransmitSpan, maxTransmitWait } = transmission;
    this.#transmission = transmission;
    this.#first = now;
    this.#timeout = ackTimeout * (1 + fraction * (ackRandomFactor - 1));
    this.#start = now;
    this.#wait = this.#timeout;
    this.#last = now + maxTransmitSpan;
    this.#end = now + maxTransmitWait;
    this.deadline = now + this.#timeout;
  }

  /** What the deadline asks for: to send the message again, to wait for the next one, or to give up. */
  due(now: number): 'again' | 'wait' | 'give_up' {
    const { ackTimeout, maxRetransmit } = this.#transmission;
    if (this.#count === maxRetransmit || now >= this.#end) return 'give_up';
    // Whoever is late (a suspended machine) leaves out what would fall beyond MAX_TRANSMIT_SPAN.
    if (now > this.#last) {
      this.#count = maxRetransmit;
      this.deadline = this.#end;
      return 'wait';
    }
    this.#count++;
    const next = Math.max(this.#start + this.#wait * (2 ** (this.#count + 1) - 1), now + ackTimeout);
    this.deadline = this.#proven && this.#count === maxRetransmit ? this.#end : next;
    return 'again';
  }

  /**
   * The peer has shown that it has the message. From now on the waits are longer, and it is given up an EXCHANGE_LIFETIME
   * after the last such sign; but sent again only while the peer recognises it as the same (section 4.4).
   */
  prove(now: number): void {
    const { exchangeLifetime, maxLatency, maxRetransmit } = this.#transmission;
    this.#proven = true;
    this.#count = 0;
    this.#start = now;
    this.#wait = PROVEN_FACTOR * this.#timeout;
    this.#last = this.#first + exchangeLifetime - maxLatency;
    this.#end = now + exchangeLifetime;
    this.deadline = maxRetransmit === 0 ? this.#end : now + this.#wait;
  }
}
