import type { Fifo } from '../fifo.ts';
import { Flight, type FlightPart } from '../handshake/flight.ts';
import type { WriteEpoch } from '../record/write-epoch.ts';
import { writeAlert } from '../wire/alert.ts';
import { CONTENT_TYPE } from '../wire/record.ts';
import { DataQueue } from './data-queue.ts';

/** How often a peer can make us repeat one flight, beside the timer: what we send for it stays bounded. */
const MAX_REPEATS = 10;

/** What one association has to say, in the order in which it goes out: the flight, then alerts, then data. */
export class Outbox {
  #flight: Flight | undefined;
  #repeats = 0;
  #alert: { writer: WriteEpoch; alert: number } | undefined;
  readonly #data = new DataQueue();
  readonly #pathMessages: Fifo<Uint8Array>;
  /** The writer of data; there is none until the handshake is done. */
  #dataWriter: WriteEpoch | undefined;

  /** `pathMessages` are those of return routability checks. */
  constructor(pathMessages: Fifo<Uint8Array>) {
    this.#pathMessages = pathMessages;
  }

  /** `wasSent`: it went out before this association began, and is only to be repeated. */
  setFlight(parts: readonly FlightPart[], wasSent: boolean): void {
    this.#flight = new Flight(parts, wasSent);
    this.#repeats = 0;
  }

  /** The timer fired. */
  repeatFlight(): void {
    this.#flight?.rewind();
  }

  /** The peer asked; nothing happens when it has asked too often. */
  repeatFlightOnRequest(): void {
    if (this.#repeats >= MAX_REPEATS) return;
    this.#repeats += 1;
    this.repeatFlight();
  }

  dropFlight(): void {
    this.#flight = undefined;
  }

  /** An alert that does not end what is said. */
  warn(writer: WriteEpoch, alert: number): void {
    this.#alert = { writer, alert };
  }

  /** The last thing that is said: what waits is dropped. */
  end(writer: WriteEpoch, alert: number | undefined): void {
    this.#flight = undefined;
    this.#data.close();
    this.#alert = alert === undefined ? undefined : { writer, alert };
  }

  /** Lets data out; what has waited and is longer than `maximum` is dropped. Returns how much that is, in datagrams. */
  open(writer: WriteEpoch, maximum: number): number {
    this.#dataWriter = writer;
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

  /** The flight is still to be sent, or to be sent again. */
  get hasFlightToSend(): boolean {
    return this.#flight?.pending === true;
  }

  get pending(): boolean {
    const hasPathMessage = this.#dataWriter !== undefined && !this.#pathMessages.isEmpty;
    return this.hasFlightToSend || this.#alert !== undefined || hasPathMessage || this.#data.first !== undefined;
  }

  /** Writes the next datagram of at most `limit` bytes; 0 when there is none. */
  write(out: Uint8Array, limit: number): number {
    if (this.#flight?.pending) return this.#flight.write(out, limit);
    if (this.#alert !== undefined) {
      const { writer, alert } = this.#alert;
      this.#alert = undefined;
      return writer.write(CONTENT_TYPE.alert, writeAlert(alert), out, 0);
    }
    const writer = this.#dataWriter;
    if (writer === undefined) return 0;
    const [type, queue] = this.#pathMessages.isEmpty
      ? ([CONTENT_TYPE.applicationData, this.#data] as const)
      : ([CONTENT_TYPE.returnRoutabilityCheck, this.#pathMessages] as const);
    const { first } = queue;
    if (first === undefined || writer.overhead + first.length > limit) return 0;
    queue.take();
    return writer.write(type, first, out, 0);
  }
}
