import type { Agreed } from './agreement.ts';
import { Retransmission } from './retransmission.ts';
import { RoundTrip, type Timeouts } from './round-trip.ts';
import { measuredTransmission, type Transmission } from './transmission.ts';

/**
 * When messages are sent again, and how many are on their way at once: by the parameters of RFC 7252 section 4.8, or by measured
 * round trips.
 */
export type CongestionControl = 'rfc7252' | 'measured';

/** Within this time, in milliseconds, an end that agreed on it acknowledges a request. */
export const ACK_DELAY = 200;

/** RFC 6298 (2.1), in milliseconds: the timeout before anything is known. */
const INITIAL_TIMEOUT = 1000;

/** How messages are sent to one peer: as to a stranger, or as was agreed. */
export class Timing {
  readonly #strangers: Transmission;
  readonly #measured: Transmission;
  readonly #control: CongestionControl | undefined;
  readonly #agreed: Agreed;
  readonly #roundTrip: RoundTrip;
  readonly #hint: () => number | undefined;

  /** `hint`: a round trip in milliseconds that was measured before, once it is known. */
  constructor(parts: {
    transmission: Transmission;
    control: CongestionControl | undefined;
    agreed: Agreed;
    hint: (() => number | undefined) | undefined;
  }) {
    this.#strangers = parts.transmission;
    this.#measured = measuredTransmission(parts.transmission);
    this.#control = parts.control;
    this.#agreed = parts.agreed;
    this.#hint = parts.hint ?? (() => undefined);
    this.#roundTrip = new RoundTrip(Math.min(parts.transmission.ackTimeout, INITIAL_TIMEOUT));
  }

  get measured(): boolean {
    return this.#control === undefined ? this.#agreed.transmission : this.#control === 'measured';
  }

  /** The parameters in force. */
  get transmission(): Transmission {
    return this.measured ? this.#measured : this.#strangers;
  }

  /** The smoothed round trip, in milliseconds, once one was measured. */
  get roundTrip(): number | undefined {
    return this.#roundTrip.smoothed;
  }

  /** A CON goes out. `fraction`, from 0 to 1, is random. */
  begin(ackDelay: number, fraction: number, now: number): Retransmission {
    const { transmission } = this;
    const spread = 1 + fraction * (transmission.ackRandomFactor - 1);
    return new Retransmission(transmission, this.#timeouts(ackDelay, spread, now), now);
  }

  /** A CON was acknowledged after no more than its ACK delay. */
  acknowledged(retransmission: Retransmission, now: number): void {
    const { transmissions } = retransmission;
    if (transmissions !== undefined) this.#roundTrip.acknowledged(transmissions, now);
  }

  #timeouts(ackDelay: number, spread: number, now: number): Timeouts {
    if (!this.measured) return new Doubling(this.#strangers.ackTimeout, spread);
    if (this.#roundTrip.smoothed === undefined) this.#roundTrip.seed(this.#hint() ?? 0, now);
    return this.#roundTrip.timeouts(ackDelay, spread, now);
  }
}

/** RFC 7252 section 4.2: a random time, twice that, and so on. */
class Doubling implements Timeouts {
  readonly least: number;
  readonly #first: number;

  constructor(ackTimeout: number, spread: number) {
    this.least = ackTimeout;
    this.#first = ackTimeout * spread;
  }

  wait(count: number): number {
    return this.#first * 2 ** count;
  }
}
