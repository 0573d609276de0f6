import { createSocket, type Socket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import type { DatagramPipe } from '../pipe.ts';
import { checkMtu, defaultMtu, maxPayload, numericLookup, resolve } from './address.ts';

export interface ConnectUdpOptions {
  /** Name or address. A name is looked up once. */
  readonly host: string;
  readonly port: number;
  /** The IP packet size that datagrams stay within, in bytes, from 68 (IPv6: 88). Default 1280 (RFC 7252 section 4.6), or the MTU of the interface where that is less and the system says it (Linux). */
  readonly mtu?: number | undefined;
}

/**
 * A pipe over a connected UDP socket: only the server's datagrams arrive, and what ICMP says about it ends the pipe,
 * with Node's error as the reason (`ECONNREFUSED`). Rejects with Node's error when the host has no address, and with
 * `RangeError` for an mtu that is too small.
 */
export async function connectUdp({ host, port, mtu }: ConnectUdpOptions): Promise<DatagramPipe> {
  const { address, family } = await resolve(host);
  if (mtu !== undefined) checkMtu(mtu, address);
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', lookup: numericLookup });
  await new Promise<void>((done, fail) => {
    socket.once('error', fail);
    socket.connect(port, address, () => {
      socket.off('error', fail);
      done();
    });
  });
  return new UdpPipe(socket, address, port, mtu ?? defaultMtu(socket.address().address));
}

class UdpPipe implements DatagramPipe {
  readonly maxPayload: number;
  readonly peer: DatagramPipe['peer'];
  onDatagram: DatagramPipe['onDatagram'];
  onClose: DatagramPipe['onClose'];
  readonly #socket: Socket;
  #closed = false;

  constructor(socket: Socket, address: string, port: number, mtu: number) {
    this.#socket = socket;
    this.maxPayload = maxPayload(mtu, address);
    this.peer = { address, port, validated: false };
    socket.on('message', (datagram) => this.onDatagram?.(datagram, performance.now()));
    socket.on('error', (error) => this.#end(error));
  }

  send(datagram: Uint8Array): void {
    // The socket may need the bytes after this call.
    if (!this.#closed) this.#socket.send(Buffer.from(datagram));
  }

  close(): void {
    this.#end(undefined);
  }

  #end(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    this.onClose?.(reason);
  }
}
