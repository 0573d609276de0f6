import type { Socket } from 'node:dgram';
import type { Transmit } from '../engine-options.ts';

/** Writes an engine's datagrams to a socket, all through one buffer. */
export class DatagramSender {
  readonly #socket: Socket;
  readonly #size: number;
  #out: Uint8Array;

  constructor(socket: Socket, maxDatagram: number) {
    this.#socket = socket;
    this.#size = maxDatagram;
    this.#out = new Uint8Array(maxDatagram);
  }

  /** Sends until the engine has nothing to say. */
  flush(
    engine: { pollTransmit(out: Uint8Array): Transmit | undefined },
    send: (datagram: Uint8Array, path: string) => void,
  ): void {
    for (let next = engine.pollTransmit(this.#out); next !== undefined; next = engine.pollTransmit(this.#out)) {
      send(this.#out.subarray(0, next.length), next.path);
      // A datagram that the kernel did not take at once is read later: its buffer is the socket's now.
      if (this.#socket.getSendQueueCount() > 0) this.#out = new Uint8Array(this.#size);
    }
  }

  /** Resolves when the kernel has taken everything, or after a second. */
  async drained(): Promise<void> {
    const giveUpAt = performance.now() + 1_000;
    while (this.#socket.getSendQueueCount() > 0 && performance.now() < giveUpAt) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
