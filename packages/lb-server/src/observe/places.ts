import type { Limits } from '../limits.ts';

/** The observations of one session. */
export interface SessionPlaces {
  count: number;
  /** Where the session was when it began to observe. */
  address: string;
}

/** Counts observations against their limits. Addresses are counted and nothing else: no state is found by them. */
export class Places {
  readonly #limits: Limits;
  readonly #addresses: Map<string, number> = new Map();
  #total = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** Takes a place for an observation; false when there is none. */
  take(session: SessionPlaces, address: string): boolean {
    const { maxSessionObservations, maxObservations, maxAddressSessions } = this.#limits;
    if (session.count >= maxSessionObservations || this.#total >= maxObservations) return false;
    if (session.count === 0) {
      const sessions = this.#addresses.get(address) ?? 0;
      if (sessions >= maxAddressSessions) return false;
      this.#addresses.set(address, sessions + 1);
      session.address = address;
    }
    session.count++;
    this.#total++;
    return true;
  }

  give(session: SessionPlaces): void {
    session.count--;
    this.#total--;
    if (session.count > 0) return;
    const left = this.#addresses.get(session.address)! - 1;
    if (left > 0) this.#addresses.set(session.address, left);
    else this.#addresses.delete(session.address);
  }
}
