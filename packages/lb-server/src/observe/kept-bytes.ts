/** Something that holds bytes and can give them up. */
export interface Holder {
  /** It loses what it holds. */
  drop(): void;
}

/** The memory that all unacknowledged answers have together. */
export class KeptBytes {
  readonly #limit: number;
  readonly #held: Map<Holder, number> = new Map();
  /** Those that can be given up, the longest waiting first. */
  readonly #parked: Set<Holder> = new Set();
  #total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get total(): number {
    return this.#total;
  }

  /** Takes room, from those whose clients have been out of reach for longest where it has to; false when there is none. */
  hold(holder: Holder, bytes: number): boolean {
    for (const parked of this.#parked) {
      if (this.#total + bytes <= this.#limit) break;
      this.release(parked);
      parked.drop();
    }
    if (this.#total + bytes > this.#limit) return false;
    this.#held.set(holder, bytes);
    this.#total += bytes;
    return true;
  }

  /** The holder's client is out of reach. */
  park(holder: Holder): void {
    if (this.#held.has(holder)) this.#parked.add(holder);
  }

  unpark(holder: Holder): void {
    this.#parked.delete(holder);
  }

  release(holder: Holder): void {
    this.#total -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
    this.#parked.delete(holder);
  }
}
