import type { DtlsPipeStats } from './pipe.ts';

/** Counts what crosses the wire of one pipe. */
export class WireCount {
  readonly #stats = {
    datagramsSent: 0,
    bytesSent: 0,
    datagramsReceived: 0,
    bytesReceived: 0,
    roundTrips: 0,
    retransmissions: 0,
  };
  #answerDue = false;

  sent(bytes: number): void {
    this.#stats.datagramsSent += 1;
    this.#stats.bytesSent += bytes;
    this.#answerDue = true;
  }

  received(bytes: number): void {
    this.#stats.datagramsReceived += 1;
    this.#stats.bytesReceived += bytes;
    if (this.#answerDue) this.#stats.roundTrips += 1;
    this.#answerDue = false;
  }

  /** Counts what `send` sends as sent again. */
  retransmitting(send: () => void): void {
    const before = this.#stats.datagramsSent;
    send();
    this.#stats.retransmissions += this.#stats.datagramsSent - before;
  }

  read(): DtlsPipeStats {
    return { ...this.#stats };
  }
}
