/** A bucket that fills with `perSecond` permissions a second, to a second's worth. */
export class RateLimit {
  readonly #perSecond: number;
  #permissions: number;
  #at: number | undefined;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#permissions = perSecond;
  }

  take(now: number): boolean {
    const elapsed = now - (this.#at ?? now);
    this.#at = now;
    this.#permissions = Math.min(this.#perSecond, this.#permissions + (elapsed * this.#perSecond) / 1_000);
    if (this.#permissions < 1) return false;
    this.#permissions -= 1;
    return true;
  }
}
