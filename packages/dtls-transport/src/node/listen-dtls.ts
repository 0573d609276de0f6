import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { checkPins } from '../crypto/public-key-pin.ts';
import { DtlsRefusedError } from '../errors.ts';
import { isPskKey } from '../identity.ts';
import { DtlsListener } from '../listener/listener.ts';
import type { DtlsListenerEvent } from '../listener/listener-event.ts';
import { ALERT } from '../wire/alert.ts';
import { plainBytes } from './bytes.ts';
import { zlibCompression } from './certificate-compression.ts';
import { nodeCrypto } from './crypto-provider.ts';
import { DatagramSender } from './datagram-sender.ts';
import { EngineDriver } from './engine-driver.ts';
import type { DtlsListenerHandle, NodeListenerStats } from './listener-handle.ts';
import type { CertificateAndKey, ClientCertificateRequest, ListenDtlsOptions, RawKey } from './options.ts';
import { type Judgement, judgeKey, judgePeer } from './peer-judgement.ts';
import type { DtlsPipe, PipePeer } from './pipe.ts';
import { randomBytes } from './random-bytes.ts';
import { readIdentity } from './read-identity.ts';
import { maxDatagramOf, resolveHost, unmapAddress } from './udp-address.ts';

/** Room for a burst: at 4 MiB nothing was lost in our measurements where the default loses. The system may grant less. */
const RECEIVE_BUFFER = 4 * 1_024 * 1_024;

/** So many associations as a listener may have are told apart by it, and it is short. */
const CONNECTION_ID_LENGTH = 4;

/**
 * Binds a UDP socket and takes DTLS associations on it. Rejects with a `CertificateError` for a certificate or key that
 * cannot be used, with a `DtlsRefusedError` (`bad-option`), or with the system's error (`EADDRINUSE`, …).
 */
export async function listenDtls(options: ListenDtlsOptions): Promise<DtlsListenerHandle> {
  const { certificate, rawKey, psk, requestClientCertificate: request } = options;
  if (request !== undefined) checkRequest(request);
  const identity = certificate && readIdentity(certificate);
  const { address, family } = await resolveHost(options.host);
  const {
    maxPeers,
    maxHandshakes,
    handshakeTimeout,
    retransmissionTimeout,
    idleTimeout,
    versions,
    cipherSuites,
    recordSizeLimit,
    keyLog,
  } = options;
  const maxDatagram = maxDatagramOf(options.mtu, family, address);
  const engine = new DtlsListener({
    crypto: nodeCrypto,
    randomBytes,
    identity,
    rawKey: rawKey && nodeCrypto.importSigningKey(rawKey.privateKey),
    psk: psk !== undefined,
    connectionId: options.connectionIds === false ? undefined : { length: CONNECTION_ID_LENGTH },
    clientCertificate: request && (request.required ? 'require' : 'request'),
    clientCertificateTypes: request?.pins && ['raw-public-key', 'x509'],
    certificateCompression: zlibCompression,
    pskModes: options.pskModes,
    ...{
      maxDatagram,
      maxPeers,
      maxHandshakes,
      handshakeTimeout,
      retransmissionTimeout,
      idleTimeout,
      versions,
      cipherSuites,
      recordSizeLimit,
      keyLog,
    },
  });
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', lookup: numericLookup });
  await bindSocket(socket, options.port, address);
  return new ListenerSocket(socket, engine, maxDatagram, { psk, request });
}

/** Throws `DtlsRefusedError` (`bad-option`). */
function checkRequest({ roots, pins }: ClientCertificateRequest): void {
  if (pins !== undefined) checkPins(pins);
  if ((roots === undefined) !== (pins === undefined)) return;
  throw new DtlsRefusedError('bad-option', 'requestClientCertificate needs either roots or pins');
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

/** What the answers to questions about clients come from. */
interface ClientChecks {
  readonly psk: ListenDtlsOptions['psk'];
  readonly request: ListenDtlsOptions['requestClientCertificate'];
}

class ListenerSocket implements DtlsListenerHandle {
  onPipe: ((pipe: DtlsPipe) => void) | undefined;
  readonly address: DtlsListenerHandle['address'];
  readonly #socket: Socket;
  readonly #engine: DtlsListener;
  readonly #sender: DatagramSender;
  readonly #driver: EngineDriver<DtlsListenerEvent>;
  readonly #checks: ClientChecks;
  readonly #pipes = new Map<number, DtlsPipe & { peer: PipePeer }>();
  #socketErrors = 0;
  #closing: Promise<void> | undefined;

  constructor(socket: Socket, engine: DtlsListener, maxDatagram: number, checks: ClientChecks) {
    const { address, port, family } = socket.address();
    this.address = { address, port, family: family === 'IPv6' ? 'IPv6' : 'IPv4' };
    this.#socket = socket;
    this.#engine = engine;
    this.#checks = checks;
    this.#sender = new DatagramSender(socket, maxDatagram);
    this.#driver = new EngineDriver(engine, {
      onEvent: (event, now) => this.#onEvent(event, now),
      flush: () => this.#flush(),
      onTimeout: () => this.#driver.step((now) => engine.handleTimeout(now)),
    });
    widenReceiveBuffer(socket);
    // A datagram that could not be sent is a lost datagram.
    socket.on('error', () => {
      this.#socketErrors += 1;
    });
    socket.on('message', (datagram, from) => {
      this.#driver.step((now) => engine.receive(plainBytes(datagram), pathOf(from), now));
    });
  }

  stats(): NodeListenerStats {
    return { ...this.#engine.stats(), socketErrors: this.#socketErrors };
  }

  setCertificate(certificate: CertificateAndKey): void {
    this.#engine.setIdentity(readIdentity(certificate));
  }

  setRawKey({ privateKey }: RawKey): void {
    this.#engine.setRawKey(nodeCrypto.importSigningKey(privateKey));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#driver.step(() => this.#engine.close());
    await this.#sender.drained();
    this.#driver.stop();
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #onEvent(event: DtlsListenerEvent, now: number): void {
    switch (event.type) {
      case 'data':
        this.#pipes.get(event.peer)?.onDatagram?.(event.data, now);
        break;
      case 'peerCertificate':
        this.#judge(event.peer, event.chain).catch(() => {
          this.#driver.step((at) => this.#engine.rejectPeer(event.peer, ALERT.internal_error, at));
        });
        break;
      case 'peerRawKey':
        this.#answer(event.peer, judgeKey(event.spki, this.#checks.request?.pins), now);
        break;
      case 'pskIdentity':
        void this.#findKey(event.peer, event.identity);
        break;
      case 'connected': {
        const pipe = this.#pipe(event);
        this.#pipes.set(event.peer, pipe);
        this.onPipe?.(pipe);
        break;
      }
      case 'moved': {
        const pipe = this.#pipes.get(event.peer);
        if (pipe !== undefined) pipe.peer = { ...pipe.peer, ...peerAddress(event.path) };
        break;
      }
      case 'closed': {
        const pipe = this.#pipes.get(event.peer);
        this.#pipes.delete(event.peer);
        pipe?.onClose?.(event.error);
        break;
      }
    }
  }

  async #judge(peer: number, chain: readonly Uint8Array[]): Promise<void> {
    const { roots = [], pins } = this.#checks.request!;
    const options = { roots, pins, dangerouslySkipVerification: false };
    const judgement = await judgePeer(chain, { purpose: 'clientAuth', ...options });
    this.#driver.step((now) => this.#answer(peer, judgement, now));
  }

  #answer(peer: number, judgement: Judgement, now: number): void {
    if ('spki' in judgement) this.#engine.acceptPeer(peer, judgement.spki, now);
    else this.#engine.rejectPeer(peer, judgement.alert, now);
  }

  async #findKey(peer: number, identity: Uint8Array): Promise<void> {
    const key = await this.#keyOf(identity);
    this.#driver.step((now) => {
      if (key === undefined) this.#engine.rejectPsk(peer, now);
      else this.#engine.acceptPsk(peer, key, now);
    });
  }

  async #keyOf(identity: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      const key = await this.#checks.psk?.(decodeIdentity(identity));
      return key !== undefined && isPskKey(key) ? key : undefined;
    } catch {
      return undefined; // the name is not UTF-8, or nobody could say
    }
  }

  #pipe(connected: Extract<DtlsListenerEvent, { type: 'connected' }>): DtlsPipe & { peer: PipePeer } {
    const engine = this.#engine;
    const { peer, path, version, cipherSuite, group, chain, rawKey, pskIdentity } = connected;
    return {
      peer: {
        ...peerAddress(path),
        validated: true,
        certificates: chain,
        rawKey,
        pskIdentity: pskIdentity && decodeIdentity(pskIdentity),
      },
      protocol: { version, cipherSuite, group },
      get maxPayload() {
        return engine.maxPayloadOf(peer);
      },
      get roundTrip() {
        return engine.roundTripOf(peer);
      },
      onDatagram: undefined,
      onClose: undefined,
      send: (datagram) => {
        engine.send(peer, datagram);
        this.#flush();
      },
      updateKeys: () => {
        let begun = false;
        this.#driver.step((now) => {
          begun = engine.updateKeys(peer, now);
        });
        return begun;
      },
      close: () => this.#driver.step(() => engine.closePeer(peer)),
    };
  }

  #flush(): void {
    this.#sender.flush(this.#engine, (datagram, path) => {
      const { address, port } = addressOf(path);
      this.#socket.send(datagram, port, address);
    });
  }
}

/** RFC 4279 5.1. Throws when it is not UTF-8. */
function decodeIdentity(identity: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(identity);
}

function pathOf({ address, port }: RemoteInfo): string {
  return `${port} ${address}`;
}

function addressOf(path: string): { readonly address: string; readonly port: number } {
  const space = path.indexOf(' ');
  return { address: path.slice(space + 1), port: Number(path.slice(0, space)) };
}

/** The address as people write it. */
function peerAddress(path: string): Pick<PipePeer, 'address' | 'port'> {
  const { address, port } = addressOf(path);
  return { address: unmapAddress(address), port };
}

function widenReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER);
  } catch {
    // Some systems refuse what is above their limit; the default does then.
  }
}
