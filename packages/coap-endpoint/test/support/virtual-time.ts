import type { Platform } from '../../src/index.ts';
import { seededBytes } from './random.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** Time that passes only when a test says so. */
export class VirtualTime {
  #now = 0;
  #order = 0;
  readonly #timers: Set<Timer> = new Set();

  now(): number {
    return this.#now;
  }

  setTimer(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + ms, order: this.#order++, fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  platform(seed: number): Platform {
    return { now: () => this.now(), setTimer: (ms, fn) => this.setTimer(ms, fn), randomBytes: seededBytes(seed) };
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

  /**
   * Lets time pass until `promise` has settled; fails when that takes more than `limit` ms, or nothing would ever
   * happen again.
   */
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
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.fn();
  }
}

/** Everything that promises had to say has been said. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
