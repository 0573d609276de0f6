import type { Memory } from './memory.ts';

/** What a round trip took is believed for a day. */
const MAX_AGE = 86_400_000;
/** A change that is not worth a write: neither timeouts nor patience depend on less. */
const UNCHANGED = 1 / 4;

/** A server as it is reached in one network. */
interface Way {
  readonly network: string;
  readonly host: string;
  readonly port: number;
}

/** Remembers how long a round trip to a server takes in each network, so that the next connection need not find out by waiting. */
export class RoundTrips {
  readonly #memory: Memory;
  readonly #written: Map<string, number> = new Map();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** In milliseconds; `undefined` when nothing is known. */
  async recall(way: Way): Promise<number | undefined> {
    const known = await this.#memory.recall(keyOf(way), MAX_AGE);
    return typeof known === 'number' && known > 0 ? known : undefined;
  }

  measured(way: Way, milliseconds: number): void {
    const key = keyOf(way);
    const written = this.#written.get(key);
    if (written !== undefined && Math.abs(milliseconds - written) <= UNCHANGED * written) return;
    this.#written.set(key, milliseconds);
    void this.#memory.remember(key, milliseconds);
  }
}

function keyOf({ network, host, port }: Way): string {
  return `round-trip:${network}:${host}:${port}`;
}
