import type { KeepAliveOptions } from './options.ts';

/** What is known of a network, in milliseconds of silence. */
interface Known {
  /** The longest that a keep-alive was answered after. */
  readonly good: number;
  /** The shortest that one was lost after. */
  readonly bad: number;
}

/** Each keep-alive that is answered lets the next wait longer by this. */
const GROWTH = 1.5;

/**
 * Learns how long a network's NAT remembers a silent client: each answered keep-alive lets the next one wait longer, a
 * lost one goes back to what has been good and stays there.
 */
export class KeepAlive {
  readonly #first: number;
  readonly #longest: number;
  #good: number;
  #bad: number;

  constructor({ first = 25_000, longest = 300_000 }: KeepAliveOptions = {}, known?: unknown) {
    this.#first = Math.min(first, longest);
    this.#longest = longest;
    const { good, bad } = isKnown(known) ? known : { good: 0, bad: Number.MAX_SAFE_INTEGER };
    this.#good = good;
    this.#bad = bad;
  }

  /** Milliseconds of silence to wait for, before the next keep-alive. */
  get interval(): number {
    if (this.#good < this.#first) return this.#first;
    const next = Math.min(Math.floor(this.#good * GROWTH), this.#longest);
    // Between the two there is nothing worth a lost connection.
    return Math.max(this.#first, next < this.#bad ? next : Math.min(this.#good, this.#longest));
  }

  /** What to remember. */
  get known(): Known {
    return { good: this.#good, bad: this.#bad };
  }

  /** A keep-alive after this much silence was answered. */
  answered(silence: number): void {
    this.#good = Math.max(this.#good, Math.min(silence, this.#longest));
    if (this.#bad <= this.#good) this.#bad = Number.MAX_SAFE_INTEGER;
  }

  /** One was lost. What was good before may have been another network's. */
  lost(silence: number): void {
    if (silence <= this.#first) return; // no shorter silence is tried
    this.#bad = silence;
    if (this.#good >= silence) this.#good = this.#first;
  }
}

function isKnown(value: unknown): value is Known {
  if (typeof value !== 'object' || value === null) return false;
  return 'good' in value && typeof value.good === 'number' && 'bad' in value && typeof value.bad === 'number';
}
