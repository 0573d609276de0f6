/** How long a message waits for its acknowledgement, in milliseconds. */
export interface Timeouts {
  /** The shortest time between two transmissions, for who is late. */
  readonly least: number;
  /** The wait after this many retransmissions. */
  wait(count: number): number;
}

/** When a message was sent that has been acknowledged, and how often again. */
export interface Transmissions {
  readonly first: number;
  readonly last: number;
  readonly retransmissions: number;
}

/** draft-ietf-core-cocoa and RFC 6298 (2.5): no wait is longer. */
const LONGEST = 32_000;
/** RFC 6298 section 2: alpha, beta and K. */
const ALPHA = 1 / 8;
const BETA = 1 / 4;
const K = 4;
/**
 * How large the variation is taken for at least, as a part of the round trip: in place of the clock granularity G of RFC
 * 6298 (2.3), because a link that did not vary so far may do so now.
 */
const LEAST_VARIATION = 1 / 4;
/**
 * The variation, as a part of the first round trip: the timeout is then 1.5 round trips, as RFC 9147 section 5.8.2 has it after the
 * handshake which that mostly is. RFC 6298 (2.2) says a half, which makes three, and no timeout below a second.
 */
const FIRST_VARIATION = 1 / 8;
/** draft-ietf-core-fasor: how many times longer than the last doubtful exchange the slow timeout is. */
const SLOW_FACTOR = 1.5;
/** draft-ietf-core-cocoa, variable back-off: what is long already grows less, so that some attempts remain. */
const LONG = 3000;
const LONG_BACK_OFF = 1.5;
const BACK_OFF = 2;
/**
 * The shortest third wait, in milliseconds, and twice that for the next, and so on: who has a short round trip is not to have used
 * up all attempts before a network that is away for half a minute is back. CoCoA has its short timeouts grow threefold
 * for this, which would make the second attempt wait, too.
 */
const THIRD_WAIT = 1000;
/** draft-ietf-core-cocoa, ageing: a short timeout grows up to this when nothing has confirmed it for long. */
const SHORT = 1000;
/**
 * How long that is, in milliseconds. The draft says 16 timeouts; in a chat most messages would then find their timeout
 * aged, while a datagram too many is all that one too short costs.
 */
const CONFIRMED_FOR = 60_000;
/** The same for a long one, in timeouts. */
const LONG_CONFIRMED_FOR = 4;

/**
 * What is known of the round trip to one peer, and the retransmission timeouts that follow from it. Time is passed in.
 *
 * Two estimates are kept, as CoCoA and FASOR do. The fast one is of RFC 6298: from exchanges without retransmission, so
 * that it says how long an answer takes and not how much is lost. The slow one is the time from the first transmission of an exchange
 * whose acknowledgement cannot have come for the last one: the fast one may be too short then.
 *
 * The states are FASOR's: `fast`; `doubtful`, in which the second wait is a slow one, so that what was lost is sent again soon
 * but what is only late gets time (FAST_SLOW_FAST); and `slow`, in which the first wait is (SLOW_FAST), so that the next
 * exchange tells the round trip for certain. An exchange without retransmission leads back to `fast`.
 *
 * CoCoA mixes its weak estimate into one timeout, a quarter at a time. That is not done: where one datagram in ten is lost,
 * every fifth exchange is weak, and the timeout would be twice as long as it need be.
 */
export class RoundTrip {
  readonly #initial: number;
  #smoothed: number | undefined;
  #variation = 0;
  #shortest = 0;
  #confirmedAt = 0;
  #state: 'fast' | 'doubtful' | 'slow' = 'fast';
  #slow = 0;

  /** `initial`: the timeout before anything is known, in milliseconds. */
  constructor(initial: number) {
    this.#initial = initial;
  }

  /** SRTT, in milliseconds; `undefined` before anything is known. */
  get smoothed(): number | undefined {
    return this.#smoothed;
  }

  /** Takes a round trip that was measured elsewhere (a handshake, an earlier session) for the first one. */
  seed(milliseconds: number, now: number): void {
    if (this.#smoothed === undefined && milliseconds > 0) this.#take(Math.min(milliseconds, LONGEST), now);
  }

  /** A message was acknowledged as soon as that could be. */
  acknowledged({ first, last, retransmissions }: Transmissions, now: number): void {
    const elapsed = Math.min(now - first, LONGEST);
    if (retransmissions === 0) {
      this.#take(elapsed, now);
      this.#state = 'fast';
      this.#slow = 0;
      return;
    }
    // Karn: whether this is the answer to the last transmission is not known.
    const sinceLast = Math.min(now - last, LONGEST);
    if (this.#smoothed === undefined) {
      // For want of anything better. If it is too short, the slow wait gives the next answer time.
      this.#take(sinceLast, now);
      this.#state = 'doubtful';
    } else {
      const certain = sinceLast < this.#shortest;
      // It looks like one: something was lost, and the estimate is as good as before.
      if (!certain && sinceLast <= this.#fast(this.#smoothed)) return;
      this.#state = certain || this.#state !== 'fast' ? 'slow' : 'doubtful';
    }
    this.#slow = Math.min(Math.max(this.#slow, SLOW_FACTOR * elapsed), LONGEST);
  }

  /**
   * The timeouts of a message to a peer that may take `ackDelay` milliseconds to acknowledge it. `spread`, from 1 to
   * ACK_RANDOM_FACTOR, keeps those who start together from staying together.
   */
  timeouts(ackDelay: number, spread: number, now: number): Timeouts {
    const timeout = this.#timeout(now);
    const slowWait = this.#state === 'fast' ? -1 : this.#state === 'doubtful' ? 1 : 0;
    return new Waits(timeout, spread, this.#shortest + ackDelay * spread, slowWait, this.#slow);
  }

  #timeout(now: number): number {
    let timeout = this.#smoothed === undefined ? this.#initial : this.#fast(this.#smoothed);
    let unconfirmed = now - this.#confirmedAt;
    while (timeout < SHORT && unconfirmed >= CONFIRMED_FOR) {
      timeout = Math.min(2 * timeout, SHORT);
      unconfirmed -= CONFIRMED_FOR;
    }
    while (timeout > LONG && unconfirmed >= LONG_CONFIRMED_FOR * timeout) {
      unconfirmed -= LONG_CONFIRMED_FOR * timeout;
      timeout = 1000 + timeout / 2;
    }
    return timeout;
  }

  /** RFC 6298 (2.2), (2.3). */
  #fast(smoothed: number): number {
    return Math.min(smoothed + Math.max(K * this.#variation, LEAST_VARIATION * smoothed), LONGEST);
  }

  #take(sample: number, now: number): void {
    this.#confirmedAt = now;
    if (this.#smoothed === undefined) {
      this.#smoothed = sample;
      this.#variation = FIRST_VARIATION * sample;
      this.#shortest = sample;
      return;
    }
    // RFC 6298 (2.3).
    this.#variation += BETA * (Math.abs(this.#smoothed - sample) - this.#variation);
    this.#smoothed += ALPHA * (sample - this.#smoothed);
    this.#shortest = Math.min(this.#shortest, sample);
  }
}

/** The waits of one message: they grow, and none is shorter than an acknowledgement may take. */
class Waits implements Timeouts {
  readonly least: number;
  readonly #first: number;
  readonly #spread: number;
  readonly #backOff: number;
  readonly #floor: number;
  readonly #slowWait: number;
  readonly #slow: number;

  constructor(timeout: number, spread: number, floor: number, slowWait: number, slow: number) {
    this.least = timeout;
    this.#first = timeout * spread;
    this.#spread = spread;
    this.#backOff = timeout > LONG ? LONG_BACK_OFF : BACK_OFF;
    this.#floor = floor;
    this.#slowWait = slowWait;
    this.#slow = slow;
  }

  wait(count: number): number {
    const patience = count < 2 ? 0 : THIRD_WAIT * this.#spread * 2 ** (count - 2);
    const wait = Math.min(Math.max(this.#first * this.#backOff ** count, this.#floor, patience), LONGEST);
    return count === this.#slowWait ? Math.max(wait, this.#slow) : wait;
  }
}
