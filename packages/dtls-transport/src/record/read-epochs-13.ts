import type { ReadEpoch13 } from './read-epoch-13.ts';

/** RFC 9147 4.2.1: beside the newest epoch, those before it that records may still come in: two bits tell them apart. */
const KEPT = 3;

/** The epochs that can be read, the newest first. */
export class ReadEpochs13 {
  #epochs: readonly ReadEpoch13[] = [];

  get newest(): ReadEpoch13 | undefined {
    return this.#epochs[0];
  }

  /** Adds an epoch, or puts another in the place of one with the same number. */
  add(epoch: ReadEpoch13): void {
    this.#epochs = [epoch, ...this.#epochs.filter((other) => other.epoch !== epoch.epoch)].slice(0, KEPT);
  }

  /** RFC 9147 4.2.2: the most recent one whose last two bits these are. */
  withBits(bits: number): ReadEpoch13 | undefined {
    return this.#epochs.find(({ epoch }) => (epoch & 3) === bits);
  }

  /** Nothing comes any more in those before the newest that the peer has begun to use (RFC 9147 8). */
  retire(): void {
    const inUse = this.#epochs.findIndex(({ isInUse }) => isInUse);
    this.#epochs = this.#epochs.slice(0, inUse + 1);
  }
}
