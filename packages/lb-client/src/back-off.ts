const FIRST = 30_000;
const LONGEST = 1_800_000;

/** When UDP is tried again after it did not get through: after 30 s, then twice as long each time, up to 30 minutes. */
export class BackOff {
  #failures = 0;
  #until = 0;

  /** The last try has failed, and none has succeeded since. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  /** It is not yet time to try again. */
  waiting(now: number): boolean {
    return this.failing && now < this.#until;
  }

  failed(now: number): void {
    this.#until = now + Math.min(FIRST * 2 ** this.#failures, LONGEST);
    this.#failures++;
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
