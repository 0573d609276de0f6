import type { Fifo } from '../fifo.ts';
import type { RecordWriter } from '../record/write-epoch-13.ts';
import { RECORD_NUMBER_LENGTH, type RecordNumber, writeAck } from '../wire/ack.ts';
import { writeAlert } from '../wire/alert.ts';
import { CONTENT_TYPE, MAX_PLAINTEXT } from '../wire/record.ts';
import { DataQueue } from './data-queue.ts';
import type { Flights13 } from './flights-13.ts';

/** A record that goes into the datagram at hand. */
interface Planned {
  readonly writer: RecordWriter;
  readonly type: number;
  readonly content: Uint8Array;
  readonly sentAs: ((number: RecordNumber) => void) | undefined;
}

/** Where ACKs come from: `list` gives up to so many numbers, `sent` is called when they are on the way. */
export interface AckSource {
  /** Numbers are there, and whatever goes out may carry them. */
  readonly mayRide: boolean;
  /** They are to go out now. */
  readonly isDue: boolean;
  list(most: number): readonly RecordNumber[];
  sent(): void;
}

/**
 * What one association of DTLS 1.3 has to say. A datagram takes what fits in it: of the flights, then an ACK, then one piece
 * of data. So data leaves with the last flight, and an ACK with the answer.
 */
export class Outbox13 {
  /** The epoch that we speak in now. */
  writer: RecordWriter;
  /** The most content that the peer takes in a protected record. */
  maxContent: number = MAX_PLAINTEXT;
  readonly #flights: Flights13;
  readonly #acks: AckSource;
  readonly #pathMessages: Fifo<Uint8Array>;
  readonly #data = new DataQueue();
  #alert: { readonly writer: RecordWriter; readonly alert: number } | undefined;

  /** `pathMessages` are those of return routability checks. */
  constructor(writer: RecordWriter, flights: Flights13, acks: AckSource, pathMessages: Fifo<Uint8Array>) {
    this.writer = writer;
    this.#flights = flights;
    this.#acks = acks;
    this.#pathMessages = pathMessages;
  }

  /** Lets data out; what has waited and is longer than `maximum` is dropped. Returns how much that is, in datagrams. */
  open(maximum: number): number {
    return this.#data.open(maximum);
  }

  /** Takes data, as `DataQueue` does. */
  push(data: Uint8Array): void {
    this.#data.push(data);
  }

  /** Takes data that may have to wait for leave to send to an address. False when a bound forbids it. */
  pushHeld(data: Uint8Array): boolean {
    return this.#data.pushHeld(data);
  }

  /** Takes out all data that waits. */
  takeData(): readonly Uint8Array[] {
    return this.#data.takeAll();
  }

  /** The last thing that is said: what waits is dropped. */
  end(alert: number | undefined): void {
    this.#flights.clear();
    this.#data.close();
    this.#alert = alert === undefined ? undefined : { writer: this.writer, alert };
  }

  get pending(): boolean {
    const hasMessage = this.#flights.pending || !this.#pathMessages.isEmpty || this.#acks.isDue;
    return hasMessage || this.#alert !== undefined || this.#data.first !== undefined;
  }

  /** Writes the next datagram of at most `limit` bytes; 0 when there is none. */
  write(out: Uint8Array, limit: number): number {
    if (this.#hasOnlyData) return this.#writeData(out, limit);
    const plan: Planned[] = [];
    let used = 0;
    const roomFor = (writer: RecordWriter) => {
      const room = limit - used - writer.overhead(true);
      return Math.min(room, writer.epoch === 0 ? MAX_PLAINTEXT : this.maxContent);
    };
    const add = (writer: RecordWriter, type: number, content: Uint8Array, sentAs?: Planned['sentAs']) => {
      plan.push({ writer, type, content, sentAs });
      used += writer.overhead(false) + content.length;
    };
    for (let next = this.#flights.next(roomFor); next !== undefined; next = this.#flights.next(roomFor)) {
      add(next.writer, CONTENT_TYPE.handshake, next.content, next.sentAs);
    }
    while (!this.#pathMessages.isEmpty && this.#pathMessages.first!.length <= roomFor(this.writer)) {
      add(this.writer, CONTENT_TYPE.returnRoutabilityCheck, this.#pathMessages.take()!);
    }
    const data = this.#data.first;
    if (this.#acks.isDue || (this.#acks.mayRide && (plan.length > 0 || data !== undefined))) this.#addAck(roomFor, add);
    if (this.#alert !== undefined && roomFor(this.#alert.writer) >= 2) {
      add(this.#alert.writer, CONTENT_TYPE.alert, writeAlert(this.#alert.alert));
      this.#alert = undefined;
    } else if (data !== undefined && !this.#flights.isHandshakePending && data.length <= roomFor(this.writer)) {
      this.#data.take();
      add(this.writer, CONTENT_TYPE.applicationData, data);
    }
    return writeAll(plan, out);
  }

  /** What is said most often: one piece of data and nothing beside it. */
  get #hasOnlyData(): boolean {
    if (this.#flights.pending || this.#alert !== undefined || !this.#pathMessages.isEmpty) return false;
    return !this.#acks.isDue && !this.#acks.mayRide;
  }

  #writeData(out: Uint8Array, limit: number): number {
    const data = this.#data.first;
    if (data === undefined || data.length > Math.min(limit - this.writer.overhead(true), this.maxContent)) return 0;
    this.#data.take();
    return this.writer.write(CONTENT_TYPE.applicationData, data, out, 0, true);
  }

  #addAck(
    roomFor: (writer: RecordWriter) => number,
    add: (writer: RecordWriter, type: number, content: Uint8Array) => void,
  ): void {
    const most = Math.floor((roomFor(this.writer) - 2) / RECORD_NUMBER_LENGTH);
    if (most < 1) return;
    add(this.writer, CONTENT_TYPE.ack, writeAck(this.#acks.list(most)));
    this.#acks.sent();
  }
}

function writeAll(plan: readonly Planned[], out: Uint8Array): number {
  let at = 0;
  plan.forEach(({ writer, type, content, sentAs }, index) => {
    sentAs?.({ epoch: writer.epoch, sequence: writer.nextSequence });
    at = writer.write(type, content, out, at, index === plan.length - 1);
  });
  return at;
}
