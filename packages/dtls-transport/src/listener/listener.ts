import type { Connection } from '../connection/connection.ts';
import { Connection12 } from '../connection/connection-12.ts';
import { Connection13 } from '../connection/connection-13.ts';
import type { Connection13Config } from '../connection/connection-config.ts';
import type { ConnectionEvent } from '../connection/connection-event.ts';
import { type Drops, noDrops } from '../drops.ts';
import { checkSuites, connectionConfig, type EngineConfig, type Transmit, wholeNumber } from '../engine-options.ts';
import {
  type DtlsError,
  DtlsMalformedError,
  DtlsRefusedError,
  DtlsTimeoutError,
  type RefusedReason,
} from '../errors.ts';
import { Fifo } from '../fifo.ts';
import type { CipherSuite } from '../handshake/cipher-suites.ts';
import type { HandshakeHost } from '../handshake/handshake.ts';
import type { HandshakeHost13 } from '../handshake/handshake-13.ts';
import { canServe, ServerHandshake12, type ServerPolicy } from '../handshake/server-handshake-12.ts';
import { type Retry, ServerHandshake13, type ServerPolicy13 } from '../handshake/server-handshake-13.ts';
import { checkedIdentity, checkPskKey, type Identity } from '../identity.ts';
import { ALERT } from '../wire/alert.ts';
import { type ClientHelloFront, readClientHelloFront } from '../wire/client-hello.ts';
import { offersVersion13, peekClientHello } from '../wire/client-hello-peek.ts';
import { datagramId } from '../wire/datagram-id.ts';
import { HANDSHAKE_TYPE, type HandshakeFragment, readHandshakeFragment } from '../wire/handshake-message.ts';
import { CONTENT_TYPE, type RecordHeader, readRecordHeader } from '../wire/record.ts';
import { isUnified } from '../wire/unified-header.ts';
import { Cookies, type PresentedHello } from './cookie.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { HelloJudge13 } from './hello-judge-13.ts';
import type { DtlsListenerEvent } from './listener-event.ts';
import type { DtlsListenerOptions } from './listener-options.ts';
import { type Beginning, Peer } from './peer.ts';
import { PeerTable } from './peer-table.ts';
import { StatelessReplies } from './stateless-replies.ts';

/** What a listener holds now and has counted since it began. */
export interface DtlsListenerStats {
  /** Associations now. */
  readonly peers: number;
  /** Handshakes under way now. */
  readonly handshakes: number;
  /** Handshakes that were completed. */
  readonly connected: number;
  /** Handshakes with a valid cookie that came to nothing. */
  readonly handshakesFailed: number;
  /** What was dropped, by reason. */
  readonly drops: Readonly<Drops>;
}

const DEFAULT_REASSEMBLY_BYTES = 16_384;
const DEFAULT_MAX_PEERS = 10_000;
const DEFAULT_MAX_HANDSHAKES = 1_000;
/** Of the handshakes at a time, those that may begin without a cookie. */
const UNVALIDATED_SHARE = 1 / 4;
const DEFAULT_IDLE_TIMEOUT = 86_400_000;

/**
 * DTLS associations of many clients on one socket, without I/O: the contract of `DtlsClient` with a number for each peer. It
 * holds nothing for an address that has not shown, by a cookie, that it receives there. What a datagram costs does not depend
 * on the number of peers.
 */
export class DtlsListener {
  readonly #config: EngineConfig;
  readonly #config13: Connection13Config;
  #policy: ServerPolicy & ServerPolicy13;
  readonly #maxPeers: number;
  readonly #maxHandshakes: number;
  readonly #idleTimeout: number;
  readonly #cookies: Cookies;
  readonly #judge: HelloJudge13;
  readonly #drops: Drops = noDrops();
  readonly #table = new PeerTable();
  readonly #deadlines = new DeadlineHeap<Peer>();
  /** Peers with something to send, in the order in which they came to it. */
  readonly #ready = new Set<Peer>();
  readonly #replies = new StatelessReplies();
  readonly #events = new Fifo<DtlsListenerEvent>();
  #lastId = 0;
  #connected = 0;
  #handshakesFailed = 0;

  /** Throws `DtlsRefusedError` (`bad-option`). */
  constructor(options: DtlsListenerOptions) {
    this.#config = connectionConfig(options, DEFAULT_REASSEMBLY_BYTES, this.#drops);
    const { identity, rawKey, psk = false, clientCertificate } = options;
    this.#policy = this.#checkedPolicy({ identity, rawKey, psk, clientCertificate, speaks13: false });
    this.#maxPeers = wholeNumber('maxPeers', options.maxPeers ?? DEFAULT_MAX_PEERS, 1);
    this.#maxHandshakes = wholeNumber('maxHandshakes', options.maxHandshakes ?? DEFAULT_MAX_HANDSHAKES, 1);
    this.#idleTimeout = wholeNumber('idleTimeout', options.idleTimeout ?? DEFAULT_IDLE_TIMEOUT, 1);
    this.#cookies = new Cookies(options.crypto, options.randomBytes);
    this.#config13 = { ...this.#config, cipherSuites: this.#config.cipherSuites13 };
    this.#judge = new HelloJudge13(this.#config13, options.randomBytes);
  }

  /** The certificates and the key that new handshakes show; what has begun goes on as it was. Throws `DtlsRefusedError` (`bad-option`). */
  setIdentity(identity: Identity): void {
    this.#policy = this.#checkedPolicy({ ...this.#policy, identity });
  }

  /** Takes a datagram that arrived from `path`: any string that the driver knows the address by. Never throws for what is in it. */
  receive(datagram: Uint8Array, path: string, now: number): void {
    const id = datagramId(datagram, this.#config.connectionId?.length ?? 0);
    if (id !== undefined) {
      this.#onNamed(id, datagram, path, now);
      return;
    }
    if (this.#policy.speaks13 && datagram.length > 0 && isUnified(datagram[0]!)) {
      this.#onAssociated(datagram, path, now, () => this.#replies.unknownAssociation13(path, datagram, now));
      return;
    }
    const header = readRecordHeader(datagram, 0);
    if (header === undefined) {
      this.#drop('malformed');
      return;
    }
    const hello = clientHelloIn(datagram, header);
    if (hello !== undefined) {
      this.#onClientHello(hello, header, datagram, path, now);
      return;
    }
    this.#onAssociated(datagram, path, now, () => this.#replies.unknownAssociation(path, datagram, header, now));
  }

  /** RFC 9146 3: whose a datagram with a connection id is does not depend on where it comes from. */
  #onNamed(id: Uint8Array, datagram: Uint8Array, path: string, now: number): void {
    const peer = this.#table.named(id);
    if (peer !== undefined) this.#feed(peer, datagram, now, path);
    else {
      this.#drop('unknown');
      this.#replies.unknownAssociation13(path, datagram, now);
    }
  }

  /** What comes in the course of a handshake or of an association. */
  #onAssociated(datagram: Uint8Array, path: string, now: number, replyToStranger: () => void): void {
    const slot = this.#table.at(path);
    if (slot === undefined) {
      this.#drop('unknown');
      replyToStranger();
      return;
    }
    const { established, pending } = slot;
    // RFC 6347 4.2.8: while both are there, only the keys can tell whose a protected record is.
    if (established !== undefined && this.#feed(established, datagram, now)) return;
    if (pending !== undefined) this.#feed(pending, datagram, now);
  }

  /** The deadline has passed. */
  handleTimeout(now: number): void {
    for (let peer = this.#deadlines.first; peer !== undefined && peer.deadline! <= now; peer = this.#deadlines.first) {
      peer.connection.handleTimeout(now);
      this.#settle(peer);
    }
    for (let peer = this.#table.mostSilent; peer !== undefined; peer = this.#table.mostSilent) {
      if (peer.lastHeard + this.#idleTimeout > now) return;
      this.#abandon(peer, new DtlsTimeoutError('idle', this.#idleTimeout), ALERT.close_notify);
    }
  }

  /** When `handleTimeout` wants to be called next. */
  pollTimeout(): number | undefined {
    const silent = this.#table.mostSilent;
    const idle = silent === undefined ? undefined : silent.lastHeard + this.#idleTimeout;
    const deadline = this.#deadlines.first?.deadline;
    return idle === undefined || deadline === undefined ? (idle ?? deadline) : Math.min(idle, deadline);
  }

  /** Writes the next datagram to `out`, which holds at least `maxDatagram` bytes. */
  pollTransmit(out: Uint8Array): Transmit | undefined {
    for (const peer of this.#ready) {
      const length = peer.connection.pollTransmit(out);
      if (!peer.connection.hasTransmit) this.#ready.delete(peer);
      if (length > 0) return { length, path: peer.path };
      this.#settle(peer);
    }
    return this.#replies.write(out);
  }

  pollEvent(): DtlsListenerEvent | undefined {
    return this.#events.take();
  }

  /** The most data that one `send` to a peer takes, in bytes; 0 for a peer that is not there (any more). */
  maxPayloadOf(peer: number): number {
    return this.#table.established(peer)?.connection.maxPayload ?? 0;
  }

  /**
   * Answers `peerCertificate`: this is a right client, and `spki` (DER) is the public key of its certificate. This and the
   * other answers do nothing when the handshake has ended meanwhile, and throw `DtlsRefusedError` (`no-question`) when it
   * does not wait for them.
   */
  acceptPeer(peer: number, spki: Uint8Array, now: number): void {
    this.#answer(peer, 'certificate', now, (handshake) => handshake.acceptPeer(spki, now));
  }

  /**
   * Answers `peerCertificate`: not a right client. `alert` tells it why (`ALERT`, RFC 5246 7.2.2). The handshake fails when
   * the client says the same again: the certificate may have been damaged on the way.
   */
  rejectPeer(peer: number, alert: number, now: number): void {
    this.#answer(peer, 'certificate', now, (handshake) => handshake.rejectPeer(alert, now));
  }

  /**
   * Answers `pskIdentity`: the key of this name, 1 to 256 bytes. Throws `DtlsRefusedError` also with `bad-option`. A client
   * that has another key is told (decrypt_error), as what it sends cannot be read; its handshake ends with the time-out.
   */
  acceptPsk(peer: number, key: Uint8Array, now: number): void {
    checkPskKey(key);
    this.#answer(peer, 'psk', now, (handshake) => {
      if (handshake instanceof ServerHandshake12) handshake.acceptPsk(key, now);
    });
  }

  /** Answers `pskIdentity`: there is no such key. The handshake fails when the client says the same again. */
  rejectPsk(peer: number, now: number): void {
    this.#answer(peer, 'psk', now, (handshake) => {
      if (handshake instanceof ServerHandshake12) handshake.rejectPsk(now);
    });
  }

  /**
   * Sends a datagram to a peer as one record. The bytes are the engine's until `pollTransmit` has written them.
   * Throws `DtlsRefusedError`: `too-large`, or `closed` for a peer that is not there (any more).
   */
  send(peer: number, data: Uint8Array): void {
    const target = this.#table.established(peer);
    if (target === undefined) throw new DtlsRefusedError('closed', `there is no association ${peer}`);
    target.connection.send(data);
    this.#ready.add(target);
  }

  /** Ends an association and tells the peer (close_notify); nothing when it is not there (any more). */
  closePeer(peer: number): void {
    const target = this.#table.established(peer);
    if (target === undefined) return;
    target.connection.close();
    this.#settle(target);
  }

  /** Ends all associations and tells the peers; gives up all handshakes. */
  close(): void {
    for (const peer of this.#table.all()) this.closePeer(peer.id);
    for (let peer = this.#table.oldestPending; peer !== undefined; peer = this.#table.oldestPending) {
      this.#refuse(peer, 'closed', 'the listener has been closed');
    }
  }

  stats(): DtlsListenerStats {
    return {
      peers: this.#table.establishedCount,
      handshakes: this.#table.pendingCount,
      connected: this.#connected,
      handshakesFailed: this.#handshakesFailed,
      drops: { ...this.#drops },
    };
  }

  #onClientHello(
    fragment: HandshakeFragment,
    header: RecordHeader,
    datagram: Uint8Array,
    path: string,
    now: number,
  ): void {
    const slot = this.#table.at(path);
    if (fragment.offset > 0) {
      // It says nothing about a cookie: it counts only for a handshake that a first fragment has begun.
      if (slot?.pending === undefined) this.#drop('unexpected');
      else this.#feed(slot.pending, datagram, now);
      return;
    }
    const front = frontOf(fragment.bytes);
    if (front === undefined) {
      this.#drop('malformed');
      return;
    }
    const { messageSeq } = fragment;
    const isWhole = fragment.bytes.length === fragment.length;
    if (this.#policy.speaks13) {
      const { versions, cookie } = peekClientHello(fragment.bytes);
      if (versions !== undefined && offersVersion13(versions) && (isWhole || cookie !== undefined)) {
        this.#onClientHello13(fragment, header, datagram, { path, front, cookie }, now);
        return;
      }
    }
    if (this.#suites12(this.#policy).length === 0) {
      this.#replies.refusal(path, ALERT.protocol_version, now);
      return;
    }
    const hello = { path, messageSeq, front, isWhole };
    const isValid = this.#cookies.isValid(hello, now);
    // A first fragment may have begun it. What comes in one piece must be what its cookie was made for all the same.
    if (slot?.pending?.isHello(beginningOf(hello)) && (isValid || !hello.isWhole)) {
      this.#feed(slot.pending, datagram, now);
    } else if (slot?.established?.beganWith(front.random)) {
      this.#drop('unexpected'); // it has been on the way for long: its handshake is done
    } else if (isValid) {
      this.#begin(hello, header.sequence, now);
      this.#feed(this.#table.at(path)!.pending!, datagram, now);
    } else {
      // CVE-2022-34293, CVE-2022-2576: no way into a handshake leads past the cookie.
      this.#replies.helloVerifyRequest(path, header, messageSeq, this.#cookies.make(hello, now));
    }
  }

  /** All of a ClientHello that offers DTLS 1.3, or the beginning of one with a cookie. */
  #onClientHello13(
    fragment: HandshakeFragment,
    header: RecordHeader,
    datagram: Uint8Array,
    {
      path,
      front,
      cookie,
    }: { readonly path: string; readonly front: ClientHelloFront; readonly cookie: Uint8Array | undefined },
    now: number,
  ): void {
    const slot = this.#table.at(path);
    const { messageSeq } = fragment;
    const mark = this.#config.crypto.hash('sha256', fragment.bytes);
    const beginning = { path, messageSeq, random: front.random, mark };
    if (slot?.pending?.isHello(beginning)) {
      this.#feed(slot.pending, datagram, now);
      return;
    }
    if (slot?.established?.beganWith(front.random)) {
      this.#drop('unexpected'); // it has been on the way for long: its handshake is done
      return;
    }
    // Nobody's handshake is given up for a client that may be another, and under load all are asked for cookies.
    const mayBegin = slot?.pending === undefined && this.#table.pendingCount < this.#maxHandshakes * UNVALIDATED_SHARE;
    const received = datagram.length;
    const verdict = this.#judge.judge(path, fragment, cookie, this.#policy, { mayBegin, received }, now);
    switch (verdict.action) {
      case 'begin':
        this.#begin13(beginning, verdict.retry, header.sequence, now);
        this.#feed(this.#table.at(path)!.pending!, datagram, now);
        break;
      case 'retry':
        this.#replies.helloRetryRequest(path, header, messageSeq, verdict.helloRetryRequest);
        break;
      case 'refuse':
        this.#replies.refusal(path, verdict.alert, now);
        break;
      case 'drop':
        this.#drop('unexpected');
        break;
    }
  }

  #begin13(beginning: Beginning, retry: Retry | undefined, recordSequence: number, now: number): void {
    const { path, messageSeq } = beginning;
    this.#makeRoom(path);
    let handshake!: ServerHandshake13;
    const start = (host: HandshakeHost13) => {
      handshake = new ServerHandshake13(host, this.#policy, retry);
      return handshake;
    };
    const first = { recordSequence, messageSeq };
    const { config, adopt } = this.#withIds(this.#config13);
    const connection = new Connection13(config, 'server', retry !== undefined, now, start, first);
    adopt(this.#addPending(beginning, connection, handshake, now));
  }

  #makeRoom(path: string): void {
    const earlier = this.#table.at(path)?.pending;
    if (earlier !== undefined) this.#refuse(earlier, 'replaced', 'the client has begun another handshake');
    else if (this.#table.pendingCount >= this.#maxHandshakes) {
      this.#refuse(this.#table.oldestPending!, 'evicted', 'newer handshakes took its place');
    }
  }

  /** A client that receives at this path begins a handshake: beside its association, and in place of an earlier handshake. */
  #begin(hello: PresentedHello, recordSequence: number, now: number): void {
    const { path, messageSeq } = hello;
    this.#makeRoom(path);
    // RFC 6347 4.2.1: we go on counting where the client is.
    const first = { recordSequence, messageSeq };
    let handshake!: ServerHandshake12;
    const start = (host: HandshakeHost) => {
      handshake = new ServerHandshake12(host, this.#policy, messageSeq);
      return handshake;
    };
    const { config, adopt } = this.#withIds(this.#config);
    const connection = new Connection12(config, now, start, first);
    adopt(this.#addPending(beginningOf(hello), connection, handshake, now));
  }

  #addPending(
    beginning: Beginning,
    connection: Connection,
    handshake: ServerHandshake12 | ServerHandshake13,
    now: number,
  ): Peer {
    this.#lastId += 1;
    const peer = new Peer(this.#lastId, beginning, connection, handshake, now);
    this.#table.addPending(peer);
    return peer;
  }

  /** A configuration whose connection ids are those of one peer, which is not there yet. */
  #withIds<T extends Pick<EngineConfig, 'connectionId'>>(
    config: T,
  ): { readonly config: T; readonly adopt: (peer: Peer) => void } {
    const { connectionId } = config;
    if (connectionId === undefined) return { config, adopt: () => {} };
    let owner!: Peer;
    const make = () => this.#table.name(owner, connectionId.make);
    const adopt = (peer: Peer) => {
      owner = peer;
    };
    return { config: { ...config, connectionId: { ...connectionId, make } }, adopt };
  }

  #answer(
    id: number,
    about: 'certificate' | 'psk',
    now: number,
    command: (handshake: ServerHandshake12 | ServerHandshake13) => void,
  ): void {
    const peer = this.#table.pending(id);
    const handshake = peer?.handshake;
    if (peer === undefined || handshake === undefined) return;
    handshake.question(about);
    peer.connection.run(() => command(handshake), now);
    this.#settle(peer);
  }

  #feed(peer: Peer, datagram: Uint8Array, now: number, path = peer.path): boolean {
    const { connection } = peer;
    const authentic = connection.receive(datagram, now, path !== peer.path);
    // RFC 9146 6: only what is authentic and newer than all before it moves a peer.
    if (authentic && path !== peer.path && connection.isNewest) this.#move(peer, path, datagram.length, now);
    if (authentic) {
      peer.lastHeard = now;
      if (this.#table.established(peer.id) === peer) this.#table.touch(peer);
    }
    this.#settle(peer);
    return authentic;
  }

  #move(peer: Peer, path: string, received: number, now: number): void {
    peer.hasMoved = true;
    this.#table.move(peer, path);
    peer.connection.moveTo(path === peer.validatedPath, received, now);
  }

  /** After each step of a connection: passes on what it tells, and notes when and whether it has something to do. */
  #settle(peer: Peer): void {
    const { connection } = peer;
    for (let event = connection.pollEvent(); event !== undefined; event = connection.pollEvent())
      this.#onEvent(peer, event);
    this.#deadlines.set(peer, connection.pollTimeout());
    if (connection.hasTransmit) this.#ready.add(peer);
  }

  #onEvent(peer: Peer, event: ConnectionEvent): void {
    switch (event.type) {
      case 'data':
        this.#events.push({ type: 'data', peer: peer.id, data: event.data });
        break;
      case 'peerCertificate':
        this.#events.push({ type: 'peerCertificate', peer: peer.id, chain: event.chain });
        break;
      case 'pskIdentity':
        this.#events.push({ type: 'pskIdentity', peer: peer.id, identity: event.identity });
        break;
      case 'connected':
        this.#onConnected(peer, event);
        break;
      case 'pathValidated':
        peer.validatedPath = peer.path;
        this.#events.push({ type: 'moved', peer: peer.id, path: peer.path });
        break;
      case 'pathFailed':
        this.#table.move(peer, peer.validatedPath);
        break;
      case 'closed':
        if (this.#table.remove(peer)) this.#events.push({ type: 'closed', peer: peer.id, error: event.error });
        else this.#handshakesFailed += 1;
        break;
      case 'hint':
        this.#drop('unexpected'); // an alert that anybody could have sent
        break;
      case 'peerRawKey': // clients are not asked for one
        break;
    }
  }

  #onConnected(peer: Peer, { version, cipherSuite, group }: Extract<ConnectionEvent, { type: 'connected' }>): void {
    // RFC 6347 4.2.8: the client has completed another handshake, so it has given up its earlier association. Of one that
    // came to its address only with its last record, nobody knows whether it is there.
    const older = peer.hasMoved ? undefined : this.#table.at(peer.path)?.established;
    if (older !== undefined) this.#refuse(older, 'replaced', 'the client has made another association');
    else if (this.#table.establishedCount >= this.#maxPeers) {
      const error = new DtlsRefusedError('evicted', 'newer associations took its place');
      this.#abandon(this.#table.mostSilent!, error, ALERT.close_notify);
    }
    this.#connected += 1;
    this.#table.promote(peer);
    const { chain, pskIdentity } = peer.handshake!.client;
    peer.handshake = undefined;
    this.#events.push({
      type: 'connected',
      peer: peer.id,
      path: peer.validatedPath,
      version,
      cipherSuite,
      group,
      chain,
      pskIdentity,
    });
  }

  #refuse(peer: Peer, reason: RefusedReason, message: string): void {
    this.#abandon(peer, new DtlsRefusedError(reason, message));
  }

  #abandon(peer: Peer, error: DtlsError, alert?: number): void {
    peer.connection.abandon(error, alert);
    this.#settle(peer);
  }

  #checkedPolicy(policy: ServerPolicy & ServerPolicy13): ServerPolicy & ServerPolicy13 {
    if (policy.identity !== undefined) checkedIdentity(policy.identity);
    const hasKey = policy.identity !== undefined || policy.rawKey !== undefined;
    const suites13 = hasKey ? this.#config.cipherSuites13 : [];
    checkSuites([...this.#suites12(policy), ...suites13]);
    return { ...policy, speaks13: suites13.length > 0 };
  }

  /** The suites of DTLS 1.2 that we have the keys for. */
  #suites12(policy: ServerPolicy): readonly CipherSuite[] {
    return this.#config.cipherSuites.filter((suite) => canServe(policy, suite));
  }

  #drop(reason: keyof Drops): void {
    this.#drops[reason] += 1;
  }
}

/** How a handshake of 1.2 is known again. */
function beginningOf({ path, messageSeq, front }: PresentedHello): Beginning {
  return { path, messageSeq, random: front.random, mark: front.cookie };
}

/** The fragment of a ClientHello that a datagram begins with. */
function clientHelloIn(datagram: Uint8Array, { type, epoch, start, end }: RecordHeader): HandshakeFragment | undefined {
  if (epoch !== 0 || type !== CONTENT_TYPE.handshake) return undefined;
  const fragment = readHandshakeFragment(datagram.subarray(start, end), 0);
  return fragment?.type === HANDSHAKE_TYPE.clientHello ? fragment : undefined;
}

/** The front of a ClientHello, or `undefined` when it cannot be read. */
function frontOf(bytes: Uint8Array): ClientHelloFront | undefined {
  try {
    return readClientHelloFront(bytes);
  } catch (error) {
    if (error instanceof DtlsMalformedError) return undefined;
    throw error;
  }
}
