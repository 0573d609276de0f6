import { Connection13 } from '../connection/connection-13.ts';
import type { SigningKey } from '../crypto/provider.ts';
import { type DropReason, type Drops, noDrops } from '../drops.ts';
import { connectionConfig, type Transmit, wholeNumber } from '../engine-options.ts';
import { DtlsRefusedError } from '../errors.ts';
import { DEFAULT_CERTIFICATE_TYPES } from '../handshake/certificate-types.ts';
import type { ServerHandshake12 } from '../handshake/server-handshake-12.ts';
import type { ServerHandshake13 } from '../handshake/server-handshake-13.ts';
import { checkPskKey, type Identity } from '../identity.ts';
import { datagramId } from '../wire/datagram-id.ts';
import { HANDSHAKE_TYPE, type HandshakeFragment, readHandshakeFragment } from '../wire/handshake-message.ts';
import { CONTENT_TYPE, type RecordHeader, readRecordHeader } from '../wire/record.ts';
import { isUnified } from '../wire/unified-header.ts';
import { Admission } from './admission.ts';
import type { DtlsListenerEvent } from './listener-event.ts';
import type { DtlsListenerOptions } from './listener-options.ts';
import type { PeerTable } from './peer-table.ts';
import { Peers } from './peers.ts';
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
const DEFAULT_IDLE_TIMEOUT = 86_400_000;

/**
 * DTLS associations of many clients on one socket, without I/O: the contract of `DtlsClient` with a number for each peer. It
 * holds nothing for an address that has not shown, by a cookie, that it receives there. What a datagram costs does not depend
 * on the number of peers.
 */
export class DtlsListener {
  readonly #idLength: number;
  readonly #drops: Drops = noDrops();
  readonly #peers: Peers;
  readonly #table: PeerTable;
  readonly #replies = new StatelessReplies();
  readonly #admission: Admission;

  /** Throws `DtlsRefusedError` (`bad-option`). */
  constructor(options: DtlsListenerOptions) {
    const config = connectionConfig(options, DEFAULT_REASSEMBLY_BYTES, this.#drops);
    const { identity, rawKey, psk = false, clientCertificate } = options;
    const { clientCertificateTypes = DEFAULT_CERTIFICATE_TYPES } = options;
    const { pskModes, packer } = config;
    const onDrop = (reason: DropReason) => this.#drop(reason);
    this.#idLength = config.connectionId?.length ?? 0;
    this.#peers = new Peers({
      maxPeers: wholeNumber('maxPeers', options.maxPeers ?? DEFAULT_MAX_PEERS, 1),
      idleTimeout: wholeNumber('idleTimeout', options.idleTimeout ?? DEFAULT_IDLE_TIMEOUT, 1),
      onDrop,
    });
    this.#table = this.#peers.table;
    this.#admission = new Admission(
      { identity, rawKey, psk, pskModes, clientCertificate, clientCertificateTypes, packer },
      {
        ...{ config, peers: this.#peers, replies: this.#replies, onDrop },
        maxHandshakes: wholeNumber('maxHandshakes', options.maxHandshakes ?? DEFAULT_MAX_HANDSHAKES, 1),
      },
    );
  }

  /** The certificates and the key that new handshakes show; what has begun goes on as it was. Throws `DtlsRefusedError` (`bad-option`). */
  setIdentity(identity: Identity): void {
    this.#admission.setIdentity(identity);
  }

  /** The key that new handshakes show without a certificate (RFC 7250); what has begun goes on as it was. */
  setRawKey(rawKey: SigningKey): void {
    this.#admission.setRawKey(rawKey);
  }

  /** Takes a datagram that arrived from `path`: any string that the driver knows the address by. Never throws for what is in it. */
  receive(datagram: Uint8Array, path: string, now: number): void {
    const id = datagramId(datagram, this.#idLength);
    if (id !== undefined) {
      this.#onNamed(id, datagram, path, now);
      return;
    }
    if (this.#admission.speaks13 && datagram.length > 0 && isUnified(datagram[0]!)) {
      this.#onAssociated(datagram, path, now, () => this.#replies.unknownAssociation13(path, datagram, now));
      return;
    }
    const header = readRecordHeader(datagram, 0);
    if (header === undefined) {
      this.#drop('malformed');
      return;
    }
    const fragment = clientHelloIn(datagram, header);
    if (fragment !== undefined) {
      const peer = this.#admission.admit({ fragment, header, datagram, path }, now);
      if (peer !== undefined) this.#peers.feed(peer, datagram, now);
      return;
    }
    this.#onAssociated(datagram, path, now, () => this.#replies.unknownAssociation(path, datagram, header, now));
  }

  /** RFC 9146 3: whose a datagram with a connection id is does not depend on where it comes from. */
  #onNamed(id: Uint8Array, datagram: Uint8Array, path: string, now: number): void {
    const peer = this.#table.named(id);
    if (peer !== undefined) this.#peers.feed(peer, datagram, now, path);
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
    if (established !== undefined && this.#peers.feed(established, datagram, now)) return;
    if (pending !== undefined) this.#peers.feed(pending, datagram, now);
  }

  /** The deadline has passed. */
  handleTimeout(now: number): void {
    this.#peers.handleTimeout(now);
  }

  /** When `handleTimeout` wants to be called next. */
  pollTimeout(): number | undefined {
    return this.#peers.pollTimeout();
  }

  /** Writes the next datagram to `out`, which holds at least `maxDatagram` bytes. */
  pollTransmit(out: Uint8Array): Transmit | undefined {
    return this.#peers.write(out) ?? this.#replies.write(out);
  }

  pollEvent(): DtlsListenerEvent | undefined {
    return this.#peers.pollEvent();
  }

  /** The most data that one `send` to a peer takes, in bytes; 0 for a peer that is not there (any more). */
  maxPayloadOf(peer: number): number {
    return this.#table.established(peer)?.connection.maxPayload ?? 0;
  }

  /**
   * What lay between a flight of a peer's handshake and its answer, in milliseconds: a round trip, and what the peer needed for it.
   * `undefined` when all flights were sent more than once, and for a peer that is not there (any more).
   */
  roundTripOf(peer: number): number | undefined {
    return this.#table.established(peer)?.connection.roundTrip;
  }

  /**
   * Answers `peerCertificate` and `peerRawKey`: this is a right client, and `spki` (DER) is its public key. This and the
   * other answers do nothing when the handshake has ended meanwhile, and throw `DtlsRefusedError` (`no-question`) when it
   * does not wait for them.
   */
  acceptPeer(peer: number, spki: Uint8Array, now: number): void {
    this.#answer(peer, 'certificate', now, (handshake) => handshake.acceptPeer(spki, now));
  }

  /**
   * Answers `peerCertificate` and `peerRawKey`: not a right client. `alert` tells it why (`ALERT`, RFC 5246 7.2.2). The handshake
   * fails, in DTLS 1.2 when the client says the same again: the certificate may have been damaged on the way.
   */
  rejectPeer(peer: number, alert: number, now: number): void {
    this.#answer(peer, 'certificate', now, (handshake) => handshake.rejectPeer(alert, now));
  }

  /**
   * Answers `pskIdentity`: the key of this name, 1 to 256 bytes. Throws `DtlsRefusedError` also with `bad-option`. A client
   * that has another key is told (decrypt_error). In DTLS 1.3 that ends its handshake; in 1.2, where what it sends just cannot be
   * read, the time-out does.
   */
  acceptPsk(peer: number, key: Uint8Array, now: number): void {
    checkPskKey(key);
    this.#answer(peer, 'psk', now, (handshake) => handshake.acceptPsk(key, now));
  }

  /**
   * Answers `pskIdentity`: there is no such key. In DTLS 1.3 the next name is asked for, if the client has more (four at most);
   * then we show our certificate or key, if the client takes that; else the handshake fails, in 1.2 when the client says the same again.
   */
  rejectPsk(peer: number, now: number): void {
    this.#answer(peer, 'psk', now, (handshake) => handshake.rejectPsk(now));
  }

  /**
   * Sends a datagram to a peer as one record. The bytes are the engine's until `pollTransmit` has written them.
   * Throws `DtlsRefusedError`: `too-large`, or `closed` for a peer that is not there (any more).
   */
  send(peer: number, data: Uint8Array): void {
    const target = this.#table.established(peer);
    if (target === undefined) throw new DtlsRefusedError('closed', `there is no association ${peer}`);
    this.#peers.send(target, data);
  }

  /**
   * Changes the keys of an association, as `updateKeys` of a client does. False also for a peer that is not there (any more).
   */
  updateKeys(peer: number, now: number): boolean {
    const target = this.#table.established(peer);
    const begun = target?.connection instanceof Connection13 && target.connection.changeKeys(true, now);
    if (begun) this.#peers.settle(target);
    return begun;
  }

  /** Ends an association and tells the peer (close_notify); nothing when it is not there (any more). */
  closePeer(peer: number): void {
    const target = this.#table.established(peer);
    if (target === undefined) return;
    target.connection.close();
    this.#peers.settle(target);
  }

  /** Ends all associations and tells the peers; gives up all handshakes. */
  close(): void {
    for (const peer of this.#table.all()) this.closePeer(peer.id);
    for (let peer = this.#table.oldestPending; peer !== undefined; peer = this.#table.oldestPending) {
      this.#peers.refuse(peer, 'closed', 'the listener has been closed');
    }
  }

  stats(): DtlsListenerStats {
    return {
      peers: this.#table.establishedCount,
      handshakes: this.#table.pendingCount,
      ...this.#peers.counts,
      drops: { ...this.#drops },
    };
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
    this.#peers.settle(peer);
  }

  #drop(reason: DropReason): void {
    this.#drops[reason] += 1;
  }
}

/** The fragment of a ClientHello that a datagram begins with. */
function clientHelloIn(datagram: Uint8Array, { type, epoch, start, end }: RecordHeader): HandshakeFragment | undefined {
  if (epoch !== 0 || type !== CONTENT_TYPE.handshake) return undefined;
  const fragment = readHandshakeFragment(datagram.subarray(start, end), 0);
  return fragment?.type === HANDSHAKE_TYPE.clientHello ? fragment : undefined;
}
