import type { Platform } from './platform.ts';

/** What timers take at most, in milliseconds. */
const LONGEST = 0x7fff_ffff;

/**
 * One timer of the platform, for a deadline that moves with every datagram: it is set again only when the deadline
 * comes nearer.
 */
export class Alarm {
  readonly #platform: Platform;
  readonly #wake: () => void;
  #at: number | undefined;
  #cancel: (() => void) | undefined;

  /** `wake` is called at the deadline, or before it when that has moved away; it sets the next one. */
  constructor(platform: Platform, wake: () => void) {
    this.#platform = platform;
    this.#wake = wake;
  }

  set(deadline: number | undefined): void {
    if (deadline === undefined || (this.#at !== undefined && this.#at <= deadline)) return;
    this.#cancel?.();
    this.#at = deadline;
    const wait = Math.min(LONGEST, Math.max(1, Math.ceil(deadline - this.#platform.now())));
    this.#cancel = this.#platform.setTimer(wait, () => {
      this.#at = undefined;
      this.#cancel = undefined;
      this.#wake();
    });
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#at = undefined;
  }
}
