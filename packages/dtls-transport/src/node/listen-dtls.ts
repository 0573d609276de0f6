import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { DtlsRefusedError } from '../errors.ts';
import type { ServerIdentity } from '../handshake/server-handshake-12.ts';
import { DtlsListener, type DtlsListenerEvent } from '../listener/listener.ts';
import { CertificateError } from '../x509/errors.ts';
import { plainBytes } from './bytes.ts';
import { nodeCrypto } from './crypto-provider.ts';
import { DatagramSender } from './datagram-sender.ts';
import { EngineTimer } from './engine-timer.ts';
import type { DtlsListenerHandle, NodeListenerStats } from './listener-handle.ts';
import type { ListenDtlsOptions } from './options.ts';
import type { DtlsPipe } from './pipe.ts';
import { randomBytes } from './random-bytes.ts';
import { maxDatagramOf, resolveHost, unmapAddress } from './udp-address.ts';

/** Room for a burst: at 4 MiB nothing was lost in our measurements where the default loses. The system may grant less. */
const RECEIVE_BUFFER = 4 * 1_024 * 1_024;

/**
 * Binds a UDP socket and takes DTLS associations on it. Rejects with a `CertificateError` for a certificate or key that
 * cannot be used, with a `DtlsRefusedError` (`bad-option`), or with the system's error (`EADDRINUSE`, …).
 */
export async function listenDtls(options: ListenDtlsOptions): Promise<DtlsListenerHandle> {
  const identity = readIdentity(options.certificate);
  const { address, family } = await resolveHost(options.host);
  const { maxPeers, maxHandshakes, handshakeTimeout, idleTimeout, keyLog } = options;
  const maxDatagram = maxDatagramOf(options.mtu, family);
  const limits = { maxDatagram, maxPeers, maxHandshakes, handshakeTimeout, idleTimeout, keyLog };
  const engine = new DtlsListener({ crypto: nodeCrypto, randomBytes, identity, ...limits });
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', lookup: numericLookup });
  await bindSocket(socket, options.port, address);
  return new ListenerSocket(socket, engine, maxDatagram);
}

/**
 * Our addresses are numeric, so nothing is looked up. The default answers on the next tick even then, when our buffer
 * holds the next datagram already.
 */
const numericLookup: SocketOptions['lookup'] = (address, _options, callback) => {
  callback(null, address, isIPv4(address) ? 4 : 6);
};

function bindSocket(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ port, address }, () => {
      socket.removeAllListeners('error');
      resolve();
    });
  });
}

/** Imports certificate and key and sees that they belong together. */
function readIdentity({ chain, privateKey }: ListenDtlsOptions['certificate']): ServerIdentity {
  const [own] = chain;
  if (own === undefined) throw new DtlsRefusedError('bad-option', 'the chain has no certificate');
  const key = nodeCrypto.importSigningKey(privateKey);
  const certificate = parse(own);
  if (!certificate.checkPrivateKey(createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' }))) {
    throw new DtlsRefusedError('bad-option', 'the private key does not belong to the certificate');
  }
  return { chain, key };
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw new CertificateError('malformed', 'the certificate is not X.509 in DER');
  }
}

class ListenerSocket implements DtlsListenerHandle {
  onPipe: ((pipe: DtlsPipe) => void) | undefined;
  readonly address: DtlsListenerHandle['address'];
  readonly #socket: Socket;
  readonly #engine: DtlsListener;
  readonly #sender: DatagramSender;
  readonly #timer: EngineTimer;
  readonly #pipes = new Map<number, DtlsPipe>();
  #socketErrors = 0;
  #pumping = false;
  #closing: Promise<void> | undefined;

  constructor(socket: Socket, engine: DtlsListener, maxDatagram: number) {
    const { address, port, family } = socket.address();
    this.address = { address, port, family: family === 'IPv6' ? 'IPv6' : 'IPv4' };
    this.#socket = socket;
    this.#engine = engine;
    this.#sender = new DatagramSender(socket, maxDatagram);
    this.#timer = new EngineTimer(() => this.#step((now) => engine.handleTimeout(now)));
    widenReceiveBuffer(socket);
    // A datagram that could not be sent is a lost datagram.
    socket.on('error', () => {
      this.#socketErrors += 1;
    });
    socket.on('message', (datagram, from) => {
      this.#step((now) => engine.receive(plainBytes(datagram), pathOf(from), now));
    });
  }

  stats(): NodeListenerStats {
    return { ...this.#engine.stats(), socketErrors: this.#socketErrors };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#step(() => this.#engine.close());
    await this.#sender.drained();
    this.#timer.stop();
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #step(call: (now: number) => void): void {
    const now = performance.now();
    call(now);
    this.#pump(now);
    this.#flush();
    this.#timer.set(this.#engine.pollTimeout());
  }

  #pump(now: number): void {
    if (this.#pumping) return; // a listener has called us: the loop below goes on after it
    this.#pumping = true;
    try {
      for (let event = this.#engine.pollEvent(); event !== undefined; event = this.#engine.pollEvent()) {
        this.#onEvent(event, now);
      }
    } finally {
      this.#pumping = false;
    }
  }

  #onEvent(event: DtlsListenerEvent, now: number): void {
    if (event.type === 'connected') {
      const pipe = this.#pipe(event.peer, event.path);
      this.#pipes.set(event.peer, pipe);
      this.onPipe?.(pipe);
    } else if (event.type === 'data') {
      this.#pipes.get(event.peer)?.onDatagram?.(event.data, now);
    } else {
      const pipe = this.#pipes.get(event.peer);
      this.#pipes.delete(event.peer);
      pipe?.onClose?.(event.error);
    }
  }

  #pipe(peer: number, path: string): DtlsPipe {
    const engine = this.#engine;
    return {
      peer: { ...addressOf(path), address: unmapAddress(addressOf(path).address), validated: true },
      get maxPayload() {
        return engine.maxPayload;
      },
      onDatagram: undefined,
      onClose: undefined,
      send: (datagram) => {
        engine.send(peer, datagram);
        this.#flush();
      },
      close: () => this.#step(() => engine.closePeer(peer)),
    };
  }

  #flush(): void {
    this.#sender.flush(this.#engine, (datagram, path) => {
      const { address, port } = addressOf(path);
      this.#socket.send(datagram, port, address);
    });
  }
}

function pathOf({ address, port }: RemoteInfo): string {
  return `${port} ${address}`;
}

function addressOf(path: string): { readonly address: string; readonly port: number } {
  const space = path.indexOf(' ');
  return { address: path.slice(space + 1), port: Number(path.slice(0, space)) };
}

function widenReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER);
  } catch {
    // Some systems refuse what is above their limit; the default does then.
  }
}
