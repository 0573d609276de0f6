import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { DtlsClient, type DtlsClientEvent } from '../client.ts';
import { checkPins } from '../crypto/public-key-pin.ts';
import { DtlsAlertError, DtlsCertificateRejectedError, DtlsRefusedError } from '../errors.ts';
import type { Identity } from '../identity.ts';
import { ALERT } from '../wire/alert.ts';
import { plainBytes } from './bytes.ts';
import { zlibCompression } from './certificate-compression.ts';
import { nodeCrypto } from './crypto-provider.ts';
import { DatagramSender } from './datagram-sender.ts';
import { EngineDriver } from './engine-driver.ts';
import type { ConnectDtlsOptions } from './options.ts';
import { type Judgement, judgeKey, judgePeer, prepareJudgement } from './peer-judgement.ts';
import type { DtlsClientPipe, DtlsHint, DtlsPipeStats, DtlsProtocol, PipePeer } from './pipe.ts';
import { randomBytes } from './random-bytes.ts';
import { readIdentity } from './read-identity.ts';
import { maxDatagramOf, resolveHost } from './udp-address.ts';
import { WireCount } from './wire-count.ts';

/**
 * Handshakes with a DTLS server and resolves with the pipe to it. Rejects with a `DtlsError` (time-out, alert, certificate,
 * a peer that misbehaves), with the system's error (`ECONNREFUSED` where nobody listens, `ENOTFOUND` for an unknown name), or
 * with the signal's reason.
 */
export async function connectDtls(options: ConnectDtlsOptions): Promise<DtlsClientPipe> {
  const { signal, clientCertificate } = options;
  signal?.throwIfAborted();
  checkTrust(options);
  const identity = clientCertificate && readIdentity(clientCertificate);
  const { address, family } = await resolveHost(options.host);
  signal?.throwIfAborted();
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    await connectSocket(socket, options.port, address);
    signal?.throwIfAborted();
    const maxDatagram = maxDatagramOf(options.mtu, family, socket.address().address);
    const pipe = new ClientPipe(socket, address, maxDatagram, identity, options);
    await connectedUnlessAborted(pipe, signal);
    return pipe;
  } catch (error) {
    closeQuietly(socket);
    throw error;
  }
}

/** Pins say on their own who the server is. Throws `DtlsRefusedError` (`bad-option`). */
function checkTrust({ pins, roots, psk, dangerouslySkipVerification }: ConnectDtlsOptions): void {
  if (pins === undefined) return;
  checkPins(pins);
  if (roots === undefined && psk === undefined && !dangerouslySkipVerification) return;
  throw new DtlsRefusedError('bad-option', 'pins excludes roots, psk and dangerouslySkipVerification');
}

async function connectedUnlessAborted(pipe: ClientPipe, signal: AbortSignal | undefined): Promise<void> {
  const giveUp = () => pipe.fail(signal?.reason);
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await pipe.connected;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

/** A connected socket hears of ICMP errors, and only of datagrams from its peer. */
function connectSocket(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, address, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}

class ClientPipe implements DtlsClientPipe {
  onDatagram: ((datagram: Uint8Array, now: number) => void) | undefined;
  onClose: ((reason: Error | undefined) => void) | undefined;
  onHint: ((hint: DtlsHint) => void) | undefined;
  peer: PipePeer;
  /** Set before `connected` settles. */
  protocol!: DtlsProtocol;
  /** Settles with the handshake. */
  readonly connected: Promise<void>;
  readonly #socket: Socket;
  readonly #engine: DtlsClient;
  readonly #sender: DatagramSender;
  readonly #driver: EngineDriver<DtlsClientEvent>;
  readonly #count = new WireCount();
  readonly #options: ConnectDtlsOptions;
  #settle!: { readonly resolve: () => void; readonly reject: (error: unknown) => void };
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  /** What ends our handshake waits for what the owner has to say, so that both leave in one datagram. */
  #isHeld = false;
  /** Why we did not accept the certificate. */
  #refusal: Error | undefined;

  constructor(
    socket: Socket,
    address: string,
    maxDatagram: number,
    identity: Identity | undefined,
    options: ConnectDtlsOptions,
  ) {
    const {
      host,
      port,
      serverName = host,
      pins,
      handshakeTimeout,
      retransmissionTimeout,
      versions,
      cipherSuites,
      recordSizeLimit,
      keyLog,
      psk,
    } = options;
    this.peer = { address, port, validated: true, certificates: [], rawKey: undefined, pskIdentity: undefined };
    this.#socket = socket;
    this.#options = options;
    this.#sender = new DatagramSender(socket, maxDatagram);
    this.connected = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#engine = new DtlsClient(
      {
        crypto: nodeCrypto,
        randomBytes,
        path: PATH,
        maxDatagram,
        handshakeTimeout,
        retransmissionTimeout,
        versions,
        connectionId: options.connectionIds === true ? { length: 0 } : undefined,
        cipherSuites,
        recordSizeLimit,
        keyLog,
        identity,
        rawKey: options.clientRawKey && nodeCrypto.importSigningKey(options.clientRawKey.privateKey),
        certificateTypes: pins && ['raw-public-key', 'x509'],
        certificateCompression: zlibCompression,
        pskModes: options.pskModes,
        psk: psk && { identity: new TextEncoder().encode(psk.identity), key: psk.key },
        serverName: isIP(serverName) === 0 ? serverName : undefined, // RFC 6066 3: an address is no host name
      },
      performance.now(),
    );
    this.#driver = new EngineDriver(this.#engine, {
      onEvent: (event, now) => this.#onEvent(event, now),
      flush: () => this.#flush(),
      onTimeout: () => this.#onTimeout(),
    });
    socket.on('error', (error) => this.#onSocketError(error));
    socket.on('message', (datagram) => {
      this.#count.received(datagram.length);
      this.#driver.step((now) => this.#engine.receive(plainBytes(datagram), PATH, now));
    });
    this.#driver.step(() => {}); // the ClientHello
    if (psk === undefined && pins === undefined && options.dangerouslySkipVerification !== true)
      prepareJudgement().catch((error: unknown) => this.fail(error));
  }

  get maxPayload(): number {
    return this.#engine.maxPayload;
  }

  get roundTrip(): number | undefined {
    return this.#engine.roundTrip;
  }

  send(datagram: Uint8Array): void {
    this.#engine.send(datagram);
    this.#isHeld = false;
    this.#flush();
  }

  updateKeys(): boolean {
    let begun = false;
    if (this.#state === 'open') {
      this.#driver.step((now) => {
        begun = this.#engine.updateKeys(now);
      });
    }
    return begun;
  }

  close(): void {
    if (this.#state !== 'closed') this.#driver.step(() => this.#engine.close());
  }

  stats(): DtlsPipeStats {
    return this.#count.read();
  }

  /** Gives the handshake up. */
  fail(error: unknown): void {
    if (this.#state !== 'connecting') return;
    this.#settle.reject(error);
    this.close();
  }

  /** RFC 6347 4.2.4: what goes out because time has run out is a flight again. */
  #onTimeout(): void {
    this.#count.retransmitting(() => this.#driver.step((now) => this.#engine.handleTimeout(now)));
  }

  #onEvent(event: DtlsClientEvent, now: number): void {
    switch (event.type) {
      case 'data':
        this.onDatagram?.(event.data, now);
        break;
      case 'peerCertificate':
        this.#judge(event.chain).catch((error: unknown) => this.fail(error));
        break;
      case 'peerRawKey':
        this.#answer(judgeKey(event.spki, this.#options.pins), { rawKey: event.spki }, now);
        break;
      case 'connected':
        this.#state = 'open';
        this.protocol = { version: event.version, cipherSuite: event.cipherSuite, group: event.group };
        this.#settle.resolve();
        this.#hold();
        break;
      case 'hint':
        this.onHint?.('alert');
        break;
      case 'closed':
        this.#onClosed(event.error);
        break;
    }
  }

  async #judge(chain: readonly Uint8Array[]): Promise<void> {
    const { host, serverName = host, roots, pins, dangerouslySkipVerification = false } = this.#options;
    const judgement = await judgePeer(chain, {
      purpose: 'serverAuth',
      serverName,
      roots,
      pins,
      dangerouslySkipVerification,
    });
    if (this.#state === 'connecting') {
      this.#driver.step((now) => this.#answer(judgement, { certificates: chain }, now));
    }
  }

  #answer(judgement: Judgement, shown: Pick<PipePeer, 'certificates'> | Pick<PipePeer, 'rawKey'>, now: number): void {
    if ('spki' in judgement) {
      this.peer = { ...this.peer, ...shown };
      this.#engine.acceptPeer(judgement.spki, now);
    } else {
      this.#refusal = judgement.error;
      this.#engine.rejectPeer(judgement.alert, now);
    }
  }

  /** RFC 6347 4.2.8 lets nobody kill an association by a forged packet: after the handshake it is only a hint. */
  #onSocketError(error: Error): void {
    if (this.#state === 'connecting') this.fail(error);
    else if (this.#state === 'open') this.onHint?.('unreachable');
  }

  #onClosed(error: Error | undefined): void {
    this.#isHeld = false;
    this.#flush(); // the last alert
    this.#driver.stop();
    closeQuietly(this.#socket);
    const reason = error instanceof DtlsCertificateRejectedError ? this.#refusal : error;
    // There is no association yet that could be closed in order.
    this.#settle.reject(reason ?? new DtlsAlertError(ALERT.close_notify, 'close_notify'));
    this.#state = 'closed';
    this.onClose?.(reason);
  }

  /** Until whoever awaits the pipe has had a turn. */
  #hold(): void {
    this.#isHeld = true;
    setImmediate(() => {
      this.#isHeld = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#state === 'closed' || this.#isHeld) return;
    this.#sender.flush(this.#engine, (datagram) => {
      this.#count.sent(datagram.length);
      this.#socket.send(datagram);
    });
  }
}

/** A connected socket has one path. */
const PATH = 'server';

function closeQuietly(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // It is closed already.
  }
}
