import { seeded, seededBytes } from './seeded.ts';
import { type Timer, TimerQueue } from './timer-queue.ts';

/** The clock, timers and randomness that drivers take. */
export interface VirtualPlatform {
  now(): number;
  setTimer(ms: number, fn: () => void): () => void;
  randomBytes(length: number): Uint8Array;
}

/**
 * Time that passes only when a test says so, in milliseconds, and randomness that comes from a seed. It is a platform itself: its
 * members may be taken off it.
 */
export class VirtualTime implements VirtualPlatform {
  readonly #timers = new TimerQueue();
  #now: number;
  #order = 0;
  /** From 0 to below 1. */
  readonly random: () => number;

  constructor(seed = 1, now = 0) {
    this.random = seeded(seed);
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  readonly setTimer = (ms: number, fn: () => void): (() => void) => {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fn };
    this.#timers.add(timer);
    return () => this.#timers.remove(timer);
  };

  readonly randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => this.random() * 256);

  /** How many are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** This time with randomness of its own. */
  platform(seed: number): VirtualPlatform {
    return { now: this.now, setTimer: this.setTimer, randomBytes: seededBytes(seed) };
  }

  /** Lets `ms` pass. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#timers.take(end); next !== undefined; next = this.#timers.take(end)) {
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
      const next = this.#timers.take(end);
      if (next === undefined) throw new Error(`still waiting after ${this.#now} ms with ${this.timers} timers`);
      this.#fire(next);
      await settled();
    }
    return promise;
  }

  #fire(timer: Timer): void {
    this.#now = Math.max(this.#now, timer.at);
    timer.fn();
  }
}

/** Everything that promises had to say has been said. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
