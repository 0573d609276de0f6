import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import type { DatagramPipe, PipeListener } from '../pipe.ts';
import { checkMtu, defaultMtu, maxPayload, numericLookup, resolve, unmapped } from './address.ts';

export interface ListenUdpOptions {
  /** Name or address to bind. Default 127.0.0.1; `::` takes IPv4 as well. */
  readonly host?: string | undefined;
  /** Default: one that is free. */
  readonly port?: number | undefined;
  /** The IP packet size that datagrams stay within, in bytes, from 68 (IPv6: 88). Default: as for `connectUdp`. */
  readonly mtu?: number | undefined;
  /** Peers at once; datagrams of others are dropped until one has been idle for long enough. Default 10,000. */
  readonly maxPeers?: number | undefined;
  /**
   * When a peer that is silent, and to which nothing is sent, is forgotten, in milliseconds. Default 300,000: above
   * EXCHANGE_LIFETIME.
   */
  readonly idleTimeout?: number | undefined;
  /**
   * Takes every peer to be where its datagrams say. In a network where addresses can be made up, that lets anybody turn
   * a small request into large answers to somebody else. Default: peers show that they are there (RFC 9175).
   */
  readonly dangerTrustAddresses?: boolean | undefined;
}

export interface UdpListener extends PipeListener {
  /** Where it listens. */
  readonly address: { readonly address: string; readonly port: number };
  /** Datagrams dropped because there were `maxPeers` peers. */
  readonly dropped: number;
  close(): Promise<void>;
}

/**
 * Listens for plain CoAP: a pipe for each address and port that sends something. An address proves nothing about who is
 * there, so this is for trusted networks. Rejects with Node's error (`EADDRINUSE`), and with `RangeError` for an mtu that is too
 * small.
 */
export async function listenUdp(options: ListenUdpOptions = {}): Promise<UdpListener> {
  const { address, family } = await resolve(options.host ?? '127.0.0.1');
  const mtu = options.mtu ?? defaultMtu(address);
  checkMtu(mtu, address);
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', lookup: numericLookup });
  await new Promise<void>((done, fail) => {
    socket.once('error', fail);
    socket.bind(options.port ?? 0, address, () => {
      socket.off('error', fail);
      done();
    });
  });
  // Bursts of many peers; the system may give less.
  socket.setRecvBufferSize(4 * 1024 * 1024);
  return new Listener(socket, mtu, options);
}

class Listener implements UdpListener {
  readonly address: UdpListener['address'];
  onPipe: PipeListener['onPipe'];
  dropped = 0;
  readonly #socket: Socket;
  readonly #mtu: number;
  readonly #maxPeers: number;
  readonly #idleTimeout: number;
  readonly #trusting: boolean;
  /** Longest idle first. */
  readonly #pipes: Map<string, PeerPipe> = new Map();
  readonly #sweep: NodeJS.Timeout;

  constructor(socket: Socket, mtu: number, options: ListenUdpOptions) {
    const { address, port } = socket.address();
    this.address = { address, port };
    this.#socket = socket;
    this.#mtu = mtu;
    this.#maxPeers = options.maxPeers ?? 10_000;
    this.#idleTimeout = options.idleTimeout ?? 300_000;
    this.#trusting = options.dangerTrustAddresses ?? false;
    socket.on('message', (datagram, remote) => this.#receive(datagram, remote));
    socket.on('error', () => void this.close());
    this.#sweep = setInterval(() => this.#forgetIdle(performance.now()), Math.min(10_000, this.#idleTimeout));
    this.#sweep.unref();
  }

  close(): Promise<void> {
    clearInterval(this.#sweep);
    for (const pipe of [...this.#pipes.values()]) pipe.close();
    return new Promise((done) => {
      try {
        this.#socket.close(() => done());
      } catch {
        // Closed before.
        done();
      }
    });
  }

  #receive(datagram: Buffer, remote: RemoteInfo): void {
    const key = `${remote.address} ${remote.port}`;
    const now = performance.now();
    let pipe = this.#pipes.get(key);
    if (pipe === undefined) {
      if (this.#pipes.size >= this.#maxPeers) this.#forgetIdle(now);
      if (this.#pipes.size >= this.#maxPeers) {
        this.dropped++;
        return;
      }
      pipe = new PeerPipe(this.#socket, remote, this.#mtu, this.#trusting, () => this.#pipes.delete(key));
      this.#pipes.set(key, pipe);
      this.onPipe?.(pipe);
    } else {
      this.#pipes.delete(key);
      this.#pipes.set(key, pipe);
    }
    pipe.activeAt = now;
    pipe.onDatagram?.(datagram, now);
  }

  #forgetIdle(now: number): void {
    for (const pipe of this.#pipes.values()) {
      if (pipe.activeAt + this.#idleTimeout > now) return;
      pipe.end(new Error('the peer was idle'));
    }
  }
}

class PeerPipe implements DatagramPipe {
  readonly maxPayload: number;
  readonly peer: DatagramPipe['peer'];
  onDatagram: DatagramPipe['onDatagram'];
  onClose: DatagramPipe['onClose'];
  activeAt = 0;
  readonly #socket: Socket;
  readonly #remote: RemoteInfo;
  readonly #forget: () => void;
  #closed = false;

  constructor(socket: Socket, remote: RemoteInfo, mtu: number, validated: boolean, forget: () => void) {
    this.#socket = socket;
    this.#remote = remote;
    this.#forget = forget;
    const address = unmapped(remote.address);
    this.maxPayload = maxPayload(mtu, address);
    this.peer = { address, port: remote.port, validated };
  }

  send(datagram: Uint8Array): void {
    // The socket may need the bytes after this call. What it cannot send is lost, as on the way.
    if (!this.#closed) this.#socket.send(Buffer.from(datagram), this.#remote.port, this.#remote.address, ignore);
  }

  close(): void {
    this.end(undefined);
  }

  end(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    this.onClose?.(reason);
  }
}

function ignore(): void {}
