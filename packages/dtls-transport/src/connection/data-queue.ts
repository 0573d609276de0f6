import { DtlsRefusedError } from '../errors.ts';
import { Fifo } from '../fifo.ts';

/** Data that may wait for the end of a handshake. */
const MAX_WAITING_BYTES = 65_536;

/** Datagrams that may wait for leave to send to an address. */
const MAX_HELD = 32;

/** Data on its way out: it waits for the end of the handshake, within bounds. */
export class DataQueue {
  readonly #data = new Fifo<Uint8Array>();
  #waitingBytes = 0;
  #isOpen = false;

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

  /** What may go out next. */
  get first(): Uint8Array | undefined {
    return this.#isOpen ? this.#data.first : undefined;
  }

  /** Takes out what may go out next. */
  take(): Uint8Array | undefined {
    return this.#isOpen ? this.#data.take() : undefined;
  }

  /** Takes out all data that waits. */
  takeAll(): readonly Uint8Array[] {
    const all: Uint8Array[] = [];
    for (let data = this.#data.take(); data !== undefined; data = this.#data.take()) all.push(data);
    return all;
  }

  /** Nothing goes out any more. */
  close(): void {
    this.#data.clear();
    this.#isOpen = false;
  }
}
