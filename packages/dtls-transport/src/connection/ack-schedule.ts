import type { RecordNumber } from '../wire/ack.ts';
import type { AckSource } from './outbox-13.ts';
import { ReceivedRecords } from './received-records.ts';

/** RFC 9147 7.1: a quarter of the first retransmission interval. So long an ACK waits, for more to come or for data to ride with. */
const DELAY_MS = 250;

/** While the peer's flight does not go on, it is told again what has arrived: at first after this, then after twice as long. */
const AGAIN_MS = 1_000;

/** What is to be acknowledged, and when (RFC 9147 7.1). */
export class AckSchedule implements AckSource {
  readonly #received = new ReceivedRecords();
  #deadline: number | undefined;
  #interval = DELAY_MS;
  #isDue = false;
  #mayRide = false;

  get deadline(): number | undefined {
    return this.#deadline;
  }

  get mayRide(): boolean {
    return this.#mayRide && !this.#received.isEmpty;
  }

  get isDue(): boolean {
    return this.#isDue && !this.#received.isEmpty;
  }

  list(most: number): readonly RecordNumber[] {
    return this.#received.list(most);
  }

  /** A record of the peer's flight has been taken. */
  note(number: RecordNumber): void {
    this.#received.note(number);
  }

  /** The flight should go on; if it does not, the peer is told what we have. */
  expectMore(now: number): void {
    this.#deadline ??= now + this.#interval;
  }

  /** The flight was the last: the ACK may wait for data. */
  ride(now: number): void {
    this.#mayRide = true;
    this.#deadline = now + DELAY_MS;
  }

  /** The ACK goes out at once. */
  demand(): void {
    this.#isDue = true;
  }

  handleTimeout(now: number, isHandshaking: boolean): void {
    if (this.#deadline === undefined || now < this.#deadline) return;
    this.#isDue = true;
    this.#interval = Math.max(AGAIN_MS, 2 * this.#interval);
    this.#deadline = isHandshaking ? now + this.#interval : undefined;
  }

  /** The ACK is on the way. After the last flight each record is acknowledged once. */
  sent(): void {
    this.#isDue = false;
    if (!this.#mayRide) return;
    this.#received.clear();
    this.#deadline = undefined;
  }

  /** Our next flight tells the peer that its flight has arrived. */
  clear(): void {
    this.#received.clear();
    this.#deadline = undefined;
    this.#interval = DELAY_MS;
    this.#isDue = false;
    this.#mayRide = false;
  }
}
