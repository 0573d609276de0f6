import type { RecordNumber } from '../wire/ack.ts';

/** Numbers that one ACK names at most: the longest flight in our smallest datagrams has fewer. */
const MAX_NUMBERS = 64;

/** The records with handshake messages that we have taken from the peer's flight: what an ACK tells it (RFC 9147 7). */
export class ReceivedRecords {
  #numbers: RecordNumber[] = [];

  get isEmpty(): boolean {
    return this.#numbers.length === 0;
  }

  /** Beyond a bound the oldest number is forgotten: its messages are sent again, and then acknowledged. */
  note(number: RecordNumber): void {
    this.#numbers.push(number);
    if (this.#numbers.length > MAX_NUMBERS) this.#numbers.shift();
  }

  /** The peer's next flight has begun. */
  clear(): void {
    this.#numbers = [];
  }

  /** In increasing order, the newest `most` of them. */
  list(most: number): readonly RecordNumber[] {
    const order = (a: RecordNumber, b: RecordNumber) => a.epoch - b.epoch || a.sequence - b.sequence;
    return this.#numbers.slice(-most).sort(order);
  }
}
