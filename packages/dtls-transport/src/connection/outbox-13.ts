import { DtlsRefusedError } from '../errors.ts';
import { Fifo } from '../fifo.ts';
import type { AckedFlight } from '../handshake/acked-flight.ts';
import type { RecordWriter } from '../record/write-epoch-13.ts';
import { RECORD_NUMBER_LENGTH, type RecordNumber, writeAck } from '../wire/ack.ts';
import { writeAlert } from '../wire/alert.ts';
import { CONTENT_TYPE } from '../wire/record.ts';

/** Data that may wait for the end of a handshake. */
const MAX_WAITING_BYTES = 65_536;

/** Datagrams that may wait for leave to send to an address. */
const MAX_HELD = 32;

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
  /** The flight of the handshake, and that of a change of keys. */
  flight: AckedFlight | undefined;
  update: AckedFlight | undefined;
  /** A NewConnectionId. */
  newIds: AckedFlight | undefined;
  /** The epoch that we speak in now. */
  writer: RecordWriter;
  /** The most content that the peer takes in a protected record. */
  maxContent: number = Number.POSITIVE_INFINITY;
  readonly #acks: AckSource;
  readonly #pathMessages: Fifo<Uint8Array>;
  readonly #data = new Fifo<Uint8Array>();
  #alert: { readonly writer: RecordWriter; readonly alert: number } | undefined;
  #waitingBytes = 0;
  #isOpen = false;

  /** `pathMessages` are those of return routability checks. */
  constructor(writer: RecordWriter, acks: AckSource, pathMessages: Fifo<Uint8Array>) {
    this.writer = writer;
    this.#acks = acks;
    this.#pathMessages = pathMessages;
  }

  /** Lets data out; what has waited and is longer than `maximum` is dropped. Returns how much that is, in datagrams. */
  open(maximum: number): number {
    this.#isOpen = true;
    return this.#data.drop((data) => data.length > maximum);
  }

  /** Takes data; while it waits for the handshake, a copy of it. Throws `DtlsRefusedError` (`queue-full`). */
  push(data: Uint8Array): void {
    if (this.#isOpen) {
      this.#data.push(data);
      return;
    }
    if (this.#waitingBytes + data.length > MAX_WAITING_BYTES) {
      throw new DtlsRefusedError('queue-full', `more than ${MAX_WAITING_BYTES} bytes wait for the handshake`);
    }
    this.#waitingBytes += data.length;
    this.#data.push(data.slice());
  }

  /** Takes data that may have to wait for leave to send to an address: a copy of it. False when a bound forbids it. */
  pushHeld(data: Uint8Array): boolean {
    if (this.#data.length >= MAX_HELD) return false;
    this.#data.push(data.slice());
    return true;
  }

  /** Takes out all data that waits. */
  takeData(): readonly Uint8Array[] {
    const all: Uint8Array[] = [];
    for (let data = this.#data.take(); data !== undefined; data = this.#data.take()) all.push(data);
    return all;
  }

  /** The last thing that is said: what waits is dropped. */
  end(alert: number | undefined): void {
    this.flight = undefined;
    this.update = undefined;
    this.newIds = undefined;
    this.#data.clear();
    this.#alert = alert === undefined ? undefined : { writer: this.writer, alert };
    this.#isOpen = false;
  }

  get pending(): boolean {
    const { flight, update, newIds } = this;
    const hasFlight = flight?.pending || update?.pending || newIds?.pending;
    return hasFlight || !this.#pathMessages.isEmpty || this.#acks.isDue || this.#alert !== undefined || this.#hasData;
  }

  /** Writes the next datagram of at most `limit` bytes; 0 when there is none. */
  write(out: Uint8Array, limit: number): number {
    const plan: Planned[] = [];
    let used = 0;
    const roomFor = (writer: RecordWriter) => {
      const room = limit - used - writer.overhead(true);
      return writer.epoch === 0 ? room : Math.min(room, this.maxContent);
    };
    const add = (writer: RecordWriter, type: number, content: Uint8Array, sentAs?: Planned['sentAs']) => {
      plan.push({ writer, type, content, sentAs });
      used += writer.overhead(false) + content.length;
    };
    for (const flight of [this.flight, this.update, this.newIds]) {
      for (let next = flight?.next(roomFor); next !== undefined; next = flight?.next(roomFor)) {
        add(next.writer, CONTENT_TYPE.handshake, next.content, next.sentAs);
      }
    }
    while (!this.#pathMessages.isEmpty && this.#pathMessages.first!.length <= roomFor(this.writer)) {
      add(this.writer, CONTENT_TYPE.returnRoutabilityCheck, this.#pathMessages.take()!);
    }
    if (this.#acks.isDue || (this.#acks.mayRide && (plan.length > 0 || this.#hasData))) this.#addAck(roomFor, add);
    if (this.#alert !== undefined && roomFor(this.#alert.writer) >= 2) {
      add(this.#alert.writer, CONTENT_TYPE.alert, writeAlert(this.#alert.alert));
      this.#alert = undefined;
    } else if (this.#hasData && !this.flight?.pending && this.#data.first!.length <= roomFor(this.writer)) {
      add(this.writer, CONTENT_TYPE.applicationData, this.#data.take()!);
    }
    return writeAll(plan, out);
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

  get #hasData(): boolean {
    return this.#isOpen && !this.#data.isEmpty;
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
