import type { RecordNumber } from '../wire/ack.ts';
import type { AckSource } from './outbox-13.ts';
import { ReceivedRecords } from './received-records.ts';

/** So long the ACK of a last flight waits for data to ride with: a quarter of the usual first retransmission interval (RFC 9147 7.1). */
export const ACK_DELAY_MS = 250;

/** What is to be acknowledged, and when (RFC 9147 7.1). */
export class AckSchedule implements AckSource {
  readonly #received = new ReceivedRecords();
  #deadline: number | undefined;
  /** How long the next ACK waits that tells the same again. */
  #interval = 0;
  #isDue = false;
  /** The peer's flights of the handshake are over. */
  #isOver = false;

  get deadline(): number | undefined {
    return this.#deadline;
  }

  get mayRide(): boolean {
    return this.#isOver && !this.#received.isEmpty;
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

  /**
   * The flight should go on; if it does not for so long, the peer is told what we have: at first after `delay`, then after four
   * times as long, then after twice as long each time.
   */
  expectMore(now: number, delay: number): void {
    if (this.#deadline === undefined) this.#interval = 2 * delay;
    this.#deadline = Math.min(this.#deadline ?? Number.POSITIVE_INFINITY, now + delay);
  }

  /** No flight of the peer follows: each record is acknowledged once. */
  finish(): void {
    this.#isOver = true;
  }

  /** The flight was the last: the ACK may wait for data. */
  ride(now: number): void {
    this.finish();
    this.#deadline = now + ACK_DELAY_MS;
  }

  /** The ACK goes out at once. */
  demand(): void {
    this.#isDue = true;
  }

  handleTimeout(now: number, isHandshaking: boolean): void {
    if (this.#deadline === undefined || now < this.#deadline) return;
    this.#isDue = true;
    this.#interval *= 2;
    this.#deadline = isHandshaking ? now + this.#interval : undefined;
  }

  /** The ACK is on the way. After the last flight each record is acknowledged once. */
  sent(): void {
    this.#isDue = false;
    if (!this.#isOver) return;
    this.#received.clear();
    this.#deadline = undefined;
  }

  /** Our next flight tells the peer that its flight has arrived. */
  clear(): void {
    this.#received.clear();
    this.#deadline = undefined;
    this.#isDue = false;
    this.#isOver = false;
  }
}
