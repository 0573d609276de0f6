import type { DatagramPipe, PipeListener, Platform } from '@lb-matrix/coap-endpoint';
import { ALERT, createSelfSignedCertificate, DtlsClient, DtlsListener } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { createLowBandwidthServer, type LowBandwidthOptions, type Upstream } from '@lb-matrix/lb-server';
import type { VirtualTime } from '@lb-matrix/virtual-network';
import type { ClientPipe, ConnectTarget } from '../../src/index.ts';

const { key } = generateSigningKey();
const certificate = createSelfSignedCertificate({
  key,
  crypto: nodeCrypto,
  commonName: 'test',
  dnsNames: ['proxy.example.org'],
  notBefore: 0,
  notAfter: Date.UTC(2049, 0),
  serialNumber: Uint8Array.of(1),
});

interface NetworkOptions extends Pick<LowBandwidthOptions, 'tables' | 'compression' | 'lean'> {
  /** As over node:dgram: one to the server, none to the client. */
  readonly connectionIds?: boolean;
}

/** The contract of both engines with what drives them. */
interface Engine {
  handleTimeout(now: number): void;
  pollTimeout(): number | undefined;
  pollTransmit(out: Uint8Array): { readonly length: number; readonly path: string } | undefined;
}

/** A network with real DTLS on it, in virtual time: loss, and a proxy that is killed and started. */
export class DtlsNetwork {
  loss = 0;
  /** One way, in milliseconds. */
  latency = 20;
  handshakes = 0;
  /** Datagrams both ways, and the bytes in them. */
  readonly traffic = { datagrams: 0, bytes: 0 };
  readonly #forms: Pick<LowBandwidthOptions, 'tables' | 'compression' | 'lean'>;
  readonly #connectionIds: boolean;
  readonly #time: VirtualTime;
  readonly #upstream: Upstream;
  readonly #platform: Platform;
  readonly #clients: Map<string, (datagram: Uint8Array) => void> = new Map();
  #arrive: (datagram: Uint8Array, from: string) => void = () => undefined;
  #ports = 0;

  constructor(time: VirtualTime, upstream: Upstream, { connectionIds = false, ...forms }: NetworkOptions = {}) {
    this.#connectionIds = connectionIds;
    this.#forms = forms;
    this.#time = time;
    this.#upstream = upstream;
    this.#platform = {
      now: () => time.now(),
      setTimer: (ms, fn) => time.setTimer(ms, fn),
      randomBytes: (length) => time.randomBytes(length),
    };
    this.restart();
  }

  /** kill -9 and a new process on the same port. */
  restart(): void {
    const { randomBytes } = this.#platform;
    const identity = { chain: [certificate], key };
    const engine = new DtlsListener({
      crypto: nodeCrypto,
      randomBytes,
      identity,
      rawKey: key,
      connectionId: this.#connectionIds ? { length: 4 } : undefined,
    });
    const listener: PipeListener = { onPipe: undefined, close: () => engine.close() };
    const pipes = new Map<number, DatagramPipe>();
    const step = this.#driver(
      engine,
      (datagram, path) => this.#clients.get(path)?.(datagram),
      () => {
        for (let event = engine.pollEvent(); event !== undefined; event = engine.pollEvent()) {
          if (event.type === 'connected') {
            const { peer } = event;
            const pipe: DatagramPipe = {
              peer: { address: '192.0.2.7', port: 40_000, validated: true },
              maxPayload: engine.maxPayloadOf(peer),
              get roundTrip() {
                return engine.roundTripOf(peer);
              },
              send: (datagram) => {
                engine.send(peer, datagram.slice());
                step();
              },
              close: () => {
                engine.closePeer(peer);
                step();
              },
            };
            pipes.set(peer, pipe);
            listener.onPipe?.(pipe);
          } else if (event.type === 'data') pipes.get(event.peer)?.onDatagram?.(event.data, this.#time.now());
          else if (event.type === 'closed') pipes.get(event.peer)?.onClose?.(event.error);
        }
      },
    );
    this.#arrive = (datagram, from) => {
      engine.receive(datagram, from, this.#time.now());
      step();
    };
    createLowBandwidthServer({
      platform: this.#platform,
      dtlsPort: 8448,
      upstream: this.#upstream,
      ...this.#forms,
    }).serve(listener);
  }

  /** Whoever names pins is shown the key alone. */
  readonly connect = ({ host, port, pins, roundTrip, signal }: ConnectTarget): Promise<ClientPipe> => {
    this.handshakes++;
    const from = `client:${this.#ports++}`;
    const { randomBytes } = this.#platform;
    const engine = new DtlsClient(
      {
        crypto: nodeCrypto,
        randomBytes,
        path: 'server',
        connectionId: this.#connectionIds ? { length: 0 } : undefined,
        serverName: host,
        ...(pins === undefined ? {} : { certificateTypes: ['raw-public-key'], versions: ['1.3'] }),
        ...(roundTrip === undefined ? {} : { retransmissionTimeout: 2 * roundTrip }),
      },
      this.#time.now(),
    );
    const traffic = { datagramsSent: 0, bytesSent: 0, datagramsReceived: 0, bytesReceived: 0 };
    return new Promise((resolve, reject) => {
      const pipe: ClientPipe = {
        peer: { address: host, port, validated: true },
        get maxPayload() {
          return engine.maxPayload;
        },
        get roundTrip() {
          return engine.roundTrip;
        },
        stats: () => traffic,
        send: (datagram) => {
          engine.send(datagram.slice());
          step();
        },
        close: () => {
          engine.close();
          step();
        },
      };
      const step = this.#driver(
        engine,
        (datagram) => this.#arrive(datagram, from),
        () => {
          for (let event = engine.pollEvent(); event !== undefined; event = engine.pollEvent()) {
            if (event.type === 'peerCertificate') {
              if (String(event.chain) === String([certificate])) engine.acceptPeer(key.spki, this.#time.now());
              else engine.rejectPeer(ALERT.bad_certificate, this.#time.now());
            } else if (event.type === 'peerRawKey') engine.acceptPeer(event.spki, this.#time.now());
            else if (event.type === 'connected') resolve(pipe);
            else if (event.type === 'data') pipe.onDatagram?.(event.data, this.#time.now());
            else if (event.type === 'hint') pipe.onHint?.('alert');
            else if (event.type === 'closed') {
              reject(event.error);
              pipe.onClose?.(event.error);
            }
          }
        },
      );
      signal.addEventListener('abort', () => reject(signal.reason));
      this.#clients.set(from, (datagram) => {
        engine.receive(datagram, 'server', this.#time.now());
        step();
      });
      step();
    });
  };

  /** What follows from a call of an engine: its events, its datagrams, its next deadline. */
  #driver(engine: Engine, deliver: (datagram: Uint8Array, path: string) => void, events: () => void): () => void {
    const out = new Uint8Array(2048);
    let cancel: () => void = () => undefined;
    const step = (): void => {
      events();
      for (let sent = engine.pollTransmit(out); sent !== undefined; sent = engine.pollTransmit(out)) {
        const datagram = out.slice(0, sent.length);
        this.traffic.datagrams++;
        this.traffic.bytes += datagram.length;
        const { path } = sent;
        if (this.#time.random() >= this.loss) this.#time.setTimer(this.latency, () => deliver(datagram, path));
      }
      cancel();
      const deadline = engine.pollTimeout();
      if (deadline === undefined) return;
      cancel = this.#time.setTimer(deadline - this.#time.now(), () => {
        engine.handleTimeout(this.#time.now());
        step();
      });
    };
    return step;
  }
}
