import type { ReadEpoch13 } from './read-epoch-13.ts';

/** RFC 9147 4.2.1: beside the newest epoch, those before it that records may still come in: two bits tell them apart. */
const KEPT = 3;

/** RFC 9147 4.2.1, 5.8.1: earlier epochs are read, and a last flight is acknowledged again, for twice the MSL; of UDP that is short. */
const RETENTION_MS = 60_000;

/** The epochs that can be read, the newest first. */
export class ReadEpochs13 {
  #epochs: readonly ReadEpoch13[] = [];
  #retireAt: number | undefined;

  /** When `handleTimeout` has something to do. */
  get deadline(): number | undefined {
    return this.#retireAt;
  }

  /** Adds an epoch, or puts another in the place of one with the same number. */
  add(epoch: ReadEpoch13): void {
    this.#epochs = [epoch, ...this.#epochs.filter((other) => other.epoch !== epoch.epoch)].slice(0, KEPT);
  }

  /** Adds an epoch of application data: from now on, those before it are only read for a while. */
  succeed(epoch: ReadEpoch13, now: number): void {
    this.add(epoch);
    this.#retireAt = now + RETENTION_MS;
  }

  /** RFC 9147 4.2.2: the most recent one whose last two bits these are. */
  withBits(bits: number): ReadEpoch13 | undefined {
    return this.#epochs.find(({ epoch }) => (epoch & 3) === bits);
  }

  /** Nothing comes any more in those before the newest that the peer has begun to use (RFC 9147 8). */
  handleTimeout(now: number): void {
    if (this.#retireAt === undefined || now < this.#retireAt) return;
    const inUse = this.#epochs.findIndex(({ isInUse }) => isInUse);
    this.#epochs = this.#epochs.slice(0, inUse + 1);
    this.#retireAt = undefined;
  }

  /** The association has ended. */
  clear(): void {
    this.#epochs = [];
    this.#retireAt = undefined;
  }
}
