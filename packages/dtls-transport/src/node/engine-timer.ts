/** The one timer of a socket: calls back at the engine's next deadline. It does not keep the process alive. */
export class EngineTimer {
  readonly #onTimeout: () => void;
  #timer: NodeJS.Timeout | undefined;
  #firesAt = Number.POSITIVE_INFINITY;

  constructor(onTimeout: () => void) {
    this.#onTimeout = onTimeout;
  }

  /** The deadline is now this. A later one costs nothing: the timer fires early once and is set again. */
  set(deadline: number | undefined): void {
    if (deadline === undefined || deadline >= this.#firesAt) return;
    this.stop();
    this.#firesAt = deadline;
    // setTimeout takes at most 2^31 - 1 ms and may fire up to 1 ms early.
    const delay = Math.min(Math.max(Math.ceil(deadline - performance.now()), 0), 0x7fffffff);
    this.#timer = setTimeout(() => {
      this.#firesAt = Number.POSITIVE_INFINITY;
      this.#onTimeout();
    }, delay);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#firesAt = Number.POSITIVE_INFINITY;
  }
}
