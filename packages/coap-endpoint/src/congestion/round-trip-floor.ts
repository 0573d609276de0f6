/** How long the shortest round trip is believed, in milliseconds (draft-ietf-ccwg-bbr, MinRTTFilterLen). */
const BELIEVED = 10_000;
/** What is so little longer shows the same: timers are no better. */
const SAME = 1.02;

/** The shortest round trip of late: what is above it is spent in queues. */
export class RoundTripFloor {
  #value: number | undefined;
  #seenAt: number;

  /** `known`: one that was measured by other means, such as a handshake, in milliseconds. */
  constructor(known: number | undefined, now: number) {
    this.#value = known;
    this.#seenAt = now;
  }

  /** In milliseconds; `undefined`: not known yet. */
  get value(): number | undefined {
    return this.#value;
  }

  add(roundTrip: number, now: number): void {
    if (this.#value !== undefined && roundTrip > this.#value * SAME) return;
    this.#value = Math.min(roundTrip, this.#value ?? roundTrip);
    this.#seenAt = now;
  }

  /** It was not seen for so long that the path may have changed. */
  isOld(now: number): boolean {
    return now - this.#seenAt > BELIEVED;
  }

  /** The shortest of a time without a queue of ours, whatever it was before; `undefined`: the next one counts. */
  renew(roundTrip: number | undefined, now: number): void {
    this.#value = roundTrip;
    this.#seenAt = now;
  }
}
