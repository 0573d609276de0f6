/** What messages may be as long as, at the most, where longer ones get lost: blocks of 512, 256 and 128 bytes fit, with some options. */
const STEPS = [640, 360, 220];
/** What is no longer than this is small: its size is not why it gets lost. */
const SMALL = 220;
/** RFC 8899 section 5.1.2, MAX_PROBES: so many losses of one message are not by chance alone. */
const MAX_LOSSES = 3;
/**
 * How long it is until something longer is tried again, in milliseconds: after the first time, since it may have been chance, and at the
 * most (RFC 8899 section 5.1.1, PMTU_RAISE_TIMER).
 */
const FIRST_RAISE = 30_000;
const LAST_RAISE = 600_000;

/**
 * Finds that the path to a peer loses what is long and carries what is short (a black hole, RFC 8899 section 4.3), and says how long
 * messages may be then. Sizes are bytes of CoAP messages, times monotonic milliseconds.
 */
export class PathSize {
  #step = -1;
  #raiseAt: number = Number.POSITIVE_INFINITY;
  #patience: number = FIRST_RAISE;
  /** Something longer is being tried. */
  #raised = false;
  #askedAt: number = Number.POSITIVE_INFINITY;
  /** When something small was acknowledged last, and the longest of late. */
  #smallAt: number = Number.NEGATIVE_INFINITY;
  #long = { length: 0, at: Number.NEGATIVE_INFINITY };

  /** The longest that a message should be. */
  get ceiling(): number {
    return STEPS[this.#step] ?? Number.POSITIVE_INFINITY;
  }

  /** Time has passed: something longer may be worth a try. */
  pass(now: number): void {
    if (now < this.#raiseAt) return;
    this.#step--;
    this.#raised = true;
    this.#raiseAt = this.#step < 0 ? Number.POSITIVE_INFINITY : now + this.#patience;
  }

  /**
   * One message was lost so many `times`, or its acknowledgement was, since it went for the first time at `first`. True: whether
   * something small arrives is to be found out (`delivered` tells), since that is what tells a black hole from an outage.
   */
  lost(length: number, times: number, first: number, now: number): boolean {
    if (length <= SMALL || times < MAX_LOSSES - 1 || length > this.ceiling) return false;
    if (this.#long.at >= first && this.#long.length >= length) return false;
    if (!(this.#askedAt >= first && this.#askedAt <= now)) {
      this.#askedAt = now;
      return true;
    }
    if (this.#smallAt < this.#askedAt) return true;
    if (times >= MAX_LOSSES) this.#lower(length, times, now);
    return false;
  }

  /** A message of this length was acknowledged. */
  delivered(length: number, now: number): void {
    if (length <= SMALL) {
      this.#smallAt = now;
      return;
    }
    if (length >= this.#long.length || now > this.#long.at + FIRST_RAISE) this.#long = { length, at: now };
    if (length <= this.ceiling) return;
    // It was chance.
    this.#step = STEPS.findLastIndex((step) => step >= length);
    this.#raiseAt = this.#step < 0 ? Number.POSITIVE_INFINITY : now + FIRST_RAISE;
    this.#patience = FIRST_RAISE;
    this.#raised = false;
  }

  #lower(length: number, times: number, now: number): void {
    // A peer that was not helped by that may give up at the next loss (RFC 7252 section 4.8, MAX_RETRANSMIT).
    this.#step = times > MAX_LOSSES ? STEPS.length - 1 : STEPS.findIndex((step) => step < length);
    if (this.#raised) this.#patience = Math.min(2 * this.#patience, LAST_RAISE);
    this.#raised = false;
    this.#raiseAt = now + this.#patience;
  }
}
