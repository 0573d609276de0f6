import type { ConnectionEvent } from '../connection/connection-event.ts';
import type { DropReason } from '../drops.ts';
import { type DtlsError, DtlsRefusedError, DtlsTimeoutError, type RefusedReason } from '../errors.ts';
import { Fifo } from '../fifo.ts';
import { ALERT } from '../wire/alert.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import type { DtlsListenerEvent } from './listener-event.ts';
import type { Peer } from './peer.ts';
import { PeerTable } from './peer-table.ts';

/** The bounds of a listener's associations. */
interface Bounds {
  /** Associations at a time. */
  readonly maxPeers: number;
  /** Milliseconds of silence after which an association is closed. */
  readonly idleTimeout: number;
  readonly onDrop: (reason: DropReason) => void;
}

/**
 * The handshakes and associations of a listener from their beginning to their end: what they are told and tell, when they want to be
 * called, and who has something to send.
 */
export class Peers {
  readonly table: PeerTable = new PeerTable();
  readonly #bounds: Bounds;
  readonly #deadlines = new DeadlineHeap<Peer>();
  /** Peers with something to send, in the order in which they came to it. */
  readonly #ready = new Set<Peer>();
  readonly #events = new Fifo<DtlsListenerEvent>();
  #connected = 0;
  #handshakesFailed = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** Handshakes that were completed, and those that came to nothing. */
  get counts(): { readonly connected: number; readonly handshakesFailed: number } {
    return { connected: this.#connected, handshakesFailed: this.#handshakesFailed };
  }

  /** Hands a datagram that came from `path` to a peer; true when something in it has authenticated. */
  feed(peer: Peer, datagram: Uint8Array, now: number, path: string = peer.path): boolean {
    const { connection } = peer;
    const authentic = connection.receive(datagram, now, path !== peer.path);
    // RFC 9146 6: only what is authentic and newer than all before it moves a peer.
    if (authentic && path !== peer.path && connection.isNewest) this.#move(peer, path, datagram.length, now);
    if (authentic) {
      peer.lastHeard = now;
      if (this.table.established(peer.id) === peer) this.table.touch(peer);
    }
    this.settle(peer);
    return authentic;
  }

  /** The deadline has passed. */
  handleTimeout(now: number): void {
    for (let peer = this.#deadlines.first; peer !== undefined && peer.deadline! <= now; peer = this.#deadlines.first) {
      peer.connection.handleTimeout(now);
      this.settle(peer);
    }
    const { idleTimeout } = this.#bounds;
    for (let peer = this.table.mostSilent; peer !== undefined; peer = this.table.mostSilent) {
      if (peer.lastHeard + idleTimeout > now) return;
      this.#abandon(peer, new DtlsTimeoutError('idle', idleTimeout), ALERT.close_notify);
    }
  }

  /** When `handleTimeout` wants to be called next. */
  pollTimeout(): number | undefined {
    const silent = this.table.mostSilent;
    const idle = silent === undefined ? undefined : silent.lastHeard + this.#bounds.idleTimeout;
    const deadline = this.#deadlines.first?.deadline;
    return idle === undefined || deadline === undefined ? (idle ?? deadline) : Math.min(idle, deadline);
  }

  /** Writes the next datagram of any peer to `out`. */
  write(out: Uint8Array): { readonly length: number; readonly path: string } | undefined {
    for (const peer of this.#ready) {
      const length = peer.connection.pollTransmit(out);
      if (!peer.connection.hasTransmit) this.#ready.delete(peer);
      if (length > 0) return { length, path: peer.path };
      this.settle(peer);
    }
    return undefined;
  }

  pollEvent(): DtlsListenerEvent | undefined {
    return this.#events.take();
  }

  /** Sends data to an association. */
  send(peer: Peer, data: Uint8Array): void {
    peer.connection.send(data);
    this.#ready.add(peer);
  }

  /** After each step of a connection: passes on what it tells, and notes when and whether it has something to do. */
  settle(peer: Peer): void {
    const { connection } = peer;
    for (let event = connection.pollEvent(); event !== undefined; event = connection.pollEvent())
      this.#onEvent(peer, event);
    this.#deadlines.set(peer, connection.pollTimeout());
    if (connection.hasTransmit) this.#ready.add(peer);
  }

  /** Ends a handshake or an association for a reason of ours, without a word. */
  refuse(peer: Peer, reason: RefusedReason, message: string): void {
    this.#abandon(peer, new DtlsRefusedError(reason, message));
  }

  #move(peer: Peer, path: string, received: number, now: number): void {
    peer.hasMoved = true;
    this.table.move(peer, path);
    peer.connection.moveTo(path === peer.validatedPath, received, now);
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
        this.table.move(peer, peer.validatedPath);
        break;
      case 'closed':
        if (this.table.remove(peer)) this.#events.push({ type: 'closed', peer: peer.id, error: event.error });
        else this.#handshakesFailed += 1;
        break;
      case 'hint':
        this.#bounds.onDrop('unexpected'); // an alert that anybody could have sent
        break;
      case 'peerRawKey':
        this.#events.push({ type: 'peerRawKey', peer: peer.id, spki: event.spki });
        break;
    }
  }

  #onConnected(peer: Peer, { version, cipherSuite, group }: Extract<ConnectionEvent, { type: 'connected' }>): void {
    // RFC 6347 4.2.8: the client has completed another handshake, so it has given up its earlier association. Of one that
    // came to its address only with its last record, nobody knows whether it is there.
    const older = peer.hasMoved ? undefined : this.table.at(peer.path)?.established;
    if (older !== undefined) this.refuse(older, 'replaced', 'the client has made another association');
    else if (this.table.establishedCount >= this.#bounds.maxPeers) {
      const error = new DtlsRefusedError('evicted', 'newer associations took its place');
      this.#abandon(this.table.mostSilent!, error, ALERT.close_notify);
    }
    this.#connected += 1;
    this.table.promote(peer);
    const { chain, rawKey, pskIdentity } = peer.handshake!.client;
    peer.handshake = undefined;
    this.#events.push({
      type: 'connected',
      peer: peer.id,
      path: peer.validatedPath,
      version,
      cipherSuite,
      group,
      chain,
      rawKey,
      pskIdentity,
    });
  }

  #abandon(peer: Peer, error: DtlsError, alert?: number): void {
    peer.connection.abandon(error, alert);
    this.settle(peer);
  }
}
