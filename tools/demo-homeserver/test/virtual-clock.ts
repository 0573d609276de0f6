import type { Clock } from '../src/index.ts';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<Timer>();
  readonly #watchers = new Set<() => void>();

  now(): number {
    return this.#now;
  }

  setTimer(ms: number, fire: () => void): () => void {
    const timer = { at: this.#now + ms, fire };
    this.#timers.add(timer);
    this.#tell();
    return () => {
      this.#timers.delete(timer);
      this.#tell();
    };
  }

  /** Resolves as soon as so many timers wait. */
  async waiting(timers: number): Promise<void> {
    while (this.#timers.size !== timers) await new Promise<void>((resolve) => this.#watchers.add(resolve));
  }

  #tell(): void {
    for (const resolve of this.#watchers) resolve();
    this.#watchers.clear();
  }

  /** Moves time on and fires what is due, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.fire();
    }
    this.#now = end;
  }
}
