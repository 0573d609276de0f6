import { decodeMessage, encodeMessage, uintOption, uintValue } from '@lb-matrix/coap-codec';
import type { PipeListener, Platform } from '@lb-matrix/coap-endpoint';
import {
  createLowBandwidthServer,
  type LowBandwidthOptions,
  type LowBandwidthServer,
  type Upstream,
} from '@lb-matrix/lb-server';
import { PrivateOption } from '@lb-matrix/msc3079-mapper';
import type { VirtualTime } from '@lb-matrix/virtual-network';
import type { ClientPipe, ConnectTarget } from '../../src/index.ts';

/** A datagram inside a session, as it was sent. */
export interface Sighting {
  readonly from: 'client' | 'server';
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** One session: both ends of its pipe. */
interface Session {
  readonly near: ClientPipe;
  readonly far: ClientPipe;
  /** The server still knows of it. */
  known: boolean;
}

/**
 * The network between one client and a proxy: latency, loss, blocked UDP, a NAT that forgets, and a proxy that is killed
 * and started. Sessions are plain pipes; that of DTLS which matters here (an alert for what is not known, close_notify)
 * is imitated.
 */
export class Network {
  latency = 20;
  /** From 0 to 1. */
  loss = 0;
  /** Nothing gets through, and nobody says so. */
  blocked = false;
  /** Milliseconds without a datagram from the client after which what comes from either side is dropped. */
  natTimeout = Number.POSITIVE_INFINITY;
  /** What the server does not know gets no alert. */
  hintless = false;
  /** Bits of option 65002 that get through: as if the client had announced no others. */
  features = -1;
  handshakes = 0;
  readonly sightings: Sighting[] = [];
  readonly #time: VirtualTime;
  readonly #platform: Platform;
  readonly #upstream: Upstream;
  readonly #sessions: Set<Session> = new Set();
  #server: LowBandwidthServer | undefined;
  #listener: PipeListener = { onPipe: undefined, close: () => undefined };

  readonly #forms: Pick<LowBandwidthOptions, 'tables' | 'compression' | 'lean'>;

  constructor(
    time: VirtualTime,
    upstream: Upstream,
    forms: Pick<LowBandwidthOptions, 'tables' | 'compression' | 'lean'> = {},
  ) {
    this.#time = time;
    this.#platform = {
      now: () => time.now(),
      setTimer: (ms, fn) => time.setTimer(ms, fn),
      randomBytes: (length) => time.randomBytes(length),
    };
    this.#upstream = upstream;
    this.#forms = forms;
    this.start();
  }

  /** A proxy process. */
  start(): void {
    const sessions = this.#sessions;
    this.#listener = {
      onPipe: undefined,
      close() {
        for (const session of sessions) if (session.known) session.far.close();
      },
    };
    this.#server = createLowBandwidthServer({
      platform: this.#platform,
      dtlsPort: 8448,
      upstream: this.#upstream,
      ...this.#forms,
    });
    this.#server.serve(this.#listener);
  }

  /** Another server in place of the proxy. */
  serve(start: (listener: PipeListener, platform: Platform) => void): void {
    this.#listener = { onPipe: undefined, close: () => undefined };
    start(this.#listener, this.#platform);
  }

  /** kill -9: nobody is told, and what runs in the old process reaches nobody. */
  kill(): void {
    for (const session of this.#sessions) session.known = false;
    this.#server = undefined;
  }

  /** SIGTERM. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close({ graceful: 0 });
  }

  /** A proxy that has forgotten all but the keys of its sessions. */
  forget(): void {
    this.start();
    for (const session of this.#sessions) this.#listener.onPipe?.(session.far);
  }

  restart(): void {
    this.kill();
    this.start();
  }

  /** The client has another address: without a connection id the server does not know its sessions. */
  moveClient(): void {
    for (const session of this.#sessions) session.known = false;
  }

  /** Somebody on the way sends the client alerts without protection, for sessions that are well. */
  forgeAlert(): void {
    for (const session of this.#sessions) session.near.onHint?.('alert');
  }

  readonly connect = async ({ signal }: ConnectTarget): Promise<ClientPipe> => {
    this.handshakes++;
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      const refused = () => reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
      if (!this.blocked) this.#time.setTimer(4 * this.latency, () => (this.#server ? resolve() : refused()));
    });
    const session = this.#open();
    this.#listener.onPipe?.(session.far);
    return session.near;
  };

  #masked(datagram: Uint8Array): Uint8Array {
    const decoded = decodeMessage(datagram);
    if (decoded.kind !== 'message') return Uint8Array.from(datagram);
    const { Features } = PrivateOption;
    const options = decoded.message.options.map((option) =>
      option.number === Features ? uintOption(Features, (uintValue([option], Features) ?? 0) & this.features) : option,
    );
    return encodeMessage({ ...decoded.message, options });
  }

  #open(): Session {
    const traffic = { datagramsSent: 0, bytesSent: 0, datagramsReceived: 0, bytesReceived: 0 };
    let closed = false;
    let lastFromClient = this.#time.now();
    const end = (from: Sighting['from']): ClientPipe => ({
      maxPayload: 1200,
      peer: { address: '192.0.2.7', port: 40_000, validated: true },
      stats: () => ({ ...traffic }),
      send: (datagram) => {
        if (closed || (from === 'server' && !session.known)) return;
        const bytes = from === 'client' && this.features !== -1 ? this.#masked(datagram) : Uint8Array.from(datagram);
        this.sightings.push({ from, at: this.#time.now(), bytes });
        if (from === 'client') {
          traffic.datagramsSent++;
          traffic.bytesSent += bytes.length;
          if (this.#time.now() - lastFromClient > this.natTimeout) session.known = false;
          lastFromClient = this.#time.now();
        }
        if (this.blocked || this.#time.random() < this.loss) return;
        if (from === 'server' && this.#time.now() - lastFromClient > this.natTimeout) return;
        this.#time.setTimer(this.latency, () => arrive(from, bytes));
      },
      close: () => {
        if (closed) return;
        closed = true;
        this.#sessions.delete(session);
        (from === 'client' ? session.near : session.far).onClose?.(undefined);
        if (session.known)
          this.#time.setTimer(this.latency, () =>
            (from === 'client' ? session.far : session.near).onClose?.(undefined),
          );
      },
    });
    const arrive = (from: Sighting['from'], bytes: Uint8Array) => {
      if (closed) return;
      if (from === 'server') {
        traffic.datagramsReceived++;
        traffic.bytesReceived += bytes.length;
        session.near.onDatagram?.(bytes, this.#time.now());
      } else if (session.known) session.far.onDatagram?.(bytes, this.#time.now());
      else if (this.hintless) return;
      else if (this.#server !== undefined) this.#time.setTimer(this.latency, () => session.near.onHint?.('alert'));
      else this.#time.setTimer(this.latency, () => session.near.onHint?.('unreachable'));
    };
    const session: Session = { near: end('client'), far: end('server'), known: true };
    this.#sessions.add(session);
    return session;
  }
}
