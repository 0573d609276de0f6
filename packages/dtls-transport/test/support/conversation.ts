import { DtlsClient, type DtlsClientEvent } from '../../src/client.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { DtlsListener } from '../../src/listener/listener.ts';
import type { DtlsListenerEvent } from '../../src/listener/listener-event.ts';
import { ALERT } from '../../src/wire/alert.ts';
import { sameBytes } from '../../src/wire/bytes.ts';
import { seededBytes } from './deterministic-provider.ts';
import { VERSIONS } from './endpoints.ts';
import type { HandshakeKind } from './handshake-kinds.ts';
import { repeatableCrypto } from './repeatable-crypto.ts';
import { sameChain } from './same-chain.ts';

export type Side = 'client' | 'server';

/** Somebody on the way: what arrives in place of a datagram of `from`. */
export type OnTheWay = (datagram: Uint8Array, from: Side) => readonly Uint8Array[];

const out = new Uint8Array(2_048);

/** Longer than any silence that an engine bears in these conversations. */
const FOREVER = 1_000_000_000;

/**
 * A client and a listener that talk without a network: datagrams arrive at once and in order, and time goes on only when both
 * wait. The same conversation comes out each time, byte for byte, and costs little, so that thousands can be had.
 */
export class Conversation {
  readonly crypto: CryptoProvider = repeatableCrypto();
  now = 0;
  /** The side whose questions for certificates and keys wait for `judge`. */
  waiting: Side | undefined;
  readonly client: DtlsClient;
  readonly listener: DtlsListener;
  readonly clientEvents: DtlsClientEvent[] = [];
  readonly serverEvents: DtlsListenerEvent[] = [];
  /** Lines of the key log, as each side wrote them. */
  readonly keyLog: Readonly<Record<Side, string[]>> = { client: [], server: [] };
  readonly #kind: HandshakeKind;
  readonly #onTheWay: OnTheWay;
  #question: readonly Uint8Array[] = [];
  #serverQuestion: Extract<DtlsListenerEvent, { type: 'peerCertificate' | 'peerRawKey' | 'pskIdentity' }> | undefined;
  readonly #arriving: { readonly to: Side; readonly datagram: Uint8Array }[] = [];

  constructor(kind: HandshakeKind, onTheWay: OnTheWay = (datagram) => [datagram], handshakeTimeout = 60_000) {
    this.#kind = kind;
    this.#onTheWay = onTheWay;
    const common = { crypto: this.crypto, versions: VERSIONS, maxDatagram: kind.maxDatagram, handshakeTimeout };
    const keyLog = (side: Side) => (line: string) => this.keyLog[side].push(line);
    this.listener = new DtlsListener({
      ...common,
      idleTimeout: 200_000,
      randomBytes: seededBytes('listener'),
      keyLog: keyLog('server'),
      ...kind.listener,
    });
    this.client = new DtlsClient(
      { ...common, randomBytes: seededBytes('client'), keyLog: keyLog('client'), path: 'server', ...kind.client },
      this.now,
    );
  }

  /** Which side has, or has had, an association. */
  get connected(): Readonly<Record<Side, boolean>> {
    const has = (events: readonly { readonly type: string }[]) => events.some(({ type }) => type === 'connected');
    return { client: has(this.clientEvents), server: has(this.serverEvents) };
  }

  get isConnected(): boolean {
    return this.connected.client && this.connected.server;
  }

  /** One side has ended its association. */
  get isOver(): boolean {
    return [...this.clientEvents, ...this.serverEvents].some(({ type }) => type === 'closed');
  }

  /** Data passes both ways. */
  echoes(): boolean {
    const has = (events: readonly { readonly type: string }[]) => events.some(({ type }) => type === 'data');
    this.client.send(Uint8Array.of(1));
    this.settle();
    const { peer } = this.serverEvents.find((event) => event.type === 'connected')!;
    this.listener.send(peer, Uint8Array.of(2));
    this.settle();
    return has(this.clientEvents) && has(this.serverEvents);
  }

  /** Goes on until `done` or until nothing is left to happen. */
  run(done: () => boolean = () => false): void {
    for (;;) {
      this.settle();
      if (done()) return;
      const next = Math.min(this.client.pollTimeout() ?? FOREVER, this.listener.pollTimeout() ?? FOREVER);
      if (next === FOREVER) return;
      this.now = Math.max(this.now, next);
      this.client.handleTimeout(this.now);
      this.listener.handleTimeout(this.now);
    }
  }

  /** Lets everything arrive that is on the way, and what is said in answer. */
  settle(): void {
    for (;;) {
      this.#collect();
      const next = this.#arriving.shift();
      if (next === undefined) return;
      this.deliver(next.to, next.datagram);
    }
  }

  /** Lets a datagram arrive. */
  deliver(to: Side, datagram: Uint8Array): void {
    if (to === 'client') this.client.receive(datagram, 'server', this.now);
    else this.listener.receive(datagram, 'client', this.now);
    this.#pump();
  }

  #collect(): void {
    this.#pump();
    for (let sent = this.client.pollTransmit(out); sent !== undefined; sent = this.client.pollTransmit(out)) {
      this.#send('client', out.slice(0, sent.length));
    }
    for (let sent = this.listener.pollTransmit(out); sent !== undefined; sent = this.listener.pollTransmit(out)) {
      this.#send('server', out.slice(0, sent.length));
    }
  }

  #send(from: Side, datagram: Uint8Array): void {
    const to = from === 'client' ? 'server' : 'client';
    for (const arriving of this.#onTheWay(datagram, from)) this.#arriving.push({ to, datagram: arriving });
  }

  #pump(): void {
    for (let event = this.client.pollEvent(); event !== undefined; event = this.client.pollEvent()) {
      this.clientEvents.push(event);
      if (event.type !== 'peerCertificate') continue;
      this.#question = event.chain;
      if (this.waiting !== 'client') this.#judgeServer();
    }
    for (let event = this.listener.pollEvent(); event !== undefined; event = this.listener.pollEvent()) {
      this.serverEvents.push(event);
      if (event.type === 'peerCertificate' || event.type === 'peerRawKey' || event.type === 'pskIdentity') {
        this.#serverQuestion = event;
        if (this.waiting !== 'server') this.#judgeClient();
      }
    }
  }

  /** Answers for what has waited. */
  judge(): void {
    if (this.waiting === 'client') this.#judgeServer();
    else this.#judgeClient();
    this.waiting = undefined;
  }

  /** Whoever verifies a certificate sees when a byte of it has changed. */
  #judgeServer(): void {
    const { chain, key } = this.#kind.listener.identity!;
    if (sameChain(this.#question, chain)) this.client.acceptPeer(key.spki, this.now);
    else this.client.rejectPeer(ALERT.bad_certificate, this.now);
  }

  #judgeClient(): void {
    const { identity, rawKey, psk } = this.#kind.client;
    const asked = this.#serverQuestion!;
    if (asked.type === 'peerCertificate') {
      if (sameChain(asked.chain, identity!.chain)) this.listener.acceptPeer(asked.peer, identity!.key.spki, this.now);
      else this.listener.rejectPeer(asked.peer, ALERT.bad_certificate, this.now);
    } else if (asked.type === 'peerRawKey') {
      if (sameBytes(asked.spki, rawKey!.spki)) this.listener.acceptPeer(asked.peer, asked.spki, this.now);
      else this.listener.rejectPeer(asked.peer, ALERT.bad_certificate, this.now);
    } else if (sameBytes(asked.identity, psk!.identity)) {
      this.listener.acceptPsk(asked.peer, psk!.key, this.now);
    } else {
      this.listener.rejectPsk(asked.peer, this.now);
    }
  }
}
