interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** Everything that promises had to say has been said. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Time that passes only when a test says so, and randomness that comes from a seed. */
export class VirtualTime {
  #now = 0;
  #order = 0;
  #random: number;
  readonly #timers: Set<Timer> = new Set();

  constructor(seed: number) {
    this.#random = seed >>> 0;
  }

  now(): number {
    return this.#now;
  }

  setTimer(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** From 0 up to 1. */
  random(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#random / 2 ** 32;
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.random() * 256);
  }

  /** Lets `ms` pass. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#fire(next);
      await settled();
    }
    this.#now = end;
  }

  /** Lets time pass until `promise` has settled; fails when that takes more than `limit` ms. */
  async until<T>(promise: Promise<T>, limit = 3_600_000): Promise<T> {
    let done = false;
    const finished = () => {
      done = true;
    };
    promise.then(finished, finished);
    const end = this.#now + limit;
    await settled();
    while (!done) {
      const next = this.#next(end);
      if (next === undefined) throw new Error(`still waiting after ${this.#now} ms with ${this.#timers.size} timers`);
      this.#fire(next);
      await settled();
    }
    return promise;
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) {
        first = timer;
      }
    }
    return first;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.fn();
  }
}
