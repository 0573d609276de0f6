/** What a sender that was woken late may make up for, in milliseconds. */
const CATCH_UP = 5;

/** Spreads datagrams over time. */
export class Pacer {
  #next = Number.NEGATIVE_INFINITY;

  /** When the next one may leave. */
  get next(): number {
    return this.#next;
  }

  /** `rate`: bytes a millisecond. */
  sent(bytes: number, rate: number, now: number): void {
    this.#next = Math.max(this.#next, now - CATCH_UP) + bytes / rate;
  }
}
