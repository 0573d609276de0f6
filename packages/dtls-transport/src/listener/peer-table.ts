import { type Peer, textOf } from './peer.ts';
import { RecencyList } from './recency-list.ts';

/** What one path has: an association, and a handshake that may take its place (RFC 6347 4.2.8). */
export interface Slot {
  established: Peer | undefined;
  pending: Peer | undefined;
}

/** The peers of a listener by path, by connection id and by number, the handshakes by age, the associations by silence. */
export class PeerTable {
  readonly #slots = new Map<string, Slot>();
  /** By connection id; each peer has a bounded number of these. */
  readonly #named = new Map<string, Peer>();
  readonly #established = new Map<number, Peer>();
  /** Oldest first. */
  readonly #pending = new Map<number, Peer>();
  readonly #recency = new RecencyList<Peer>();

  get establishedCount(): number {
    return this.#established.size;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  get oldestPending(): Peer | undefined {
    return this.#pending.values().next().value;
  }

  /** The association that has been silent for longest. */
  get mostSilent(): Peer | undefined {
    return this.#recency.oldest;
  }

  at(path: string): Slot | undefined {
    return this.#slots.get(path);
  }

  /** Who was given this connection id. */
  named(id: Uint8Array): Peer | undefined {
    return this.#named.get(textOf(id));
  }

  /** Gives a peer a connection id that nobody has: the first such that `make` comes up with. */
  name(peer: Peer, make: () => Uint8Array): Uint8Array {
    let id = make();
    while (this.#named.has(textOf(id))) id = make();
    this.#named.set(textOf(id), peer);
    peer.ids = [...peer.ids, textOf(id)];
    return id;
  }

  /** A peer has another path now. Who is there already stays to be found there: the peer has a connection id. */
  move(peer: Peer, path: string): void {
    this.#leave(peer);
    peer.path = path;
    const slot = this.#slots.get(path) ?? { established: undefined, pending: undefined };
    this.#slots.set(path, slot);
    if (this.#pending.has(peer.id)) slot.pending ??= peer;
    else slot.established ??= peer;
  }

  /** The handshake with this id. */
  pending(id: number): Peer | undefined {
    return this.#pending.get(id);
  }

  /** The association with this id. */
  established(id: number): Peer | undefined {
    return this.#established.get(id);
  }

  /** All associations. */
  all(): Iterable<Peer> {
    return this.#established.values();
  }

  /** Adds a handshake at a path that has none. */
  addPending(peer: Peer): void {
    const slot = this.#slots.get(peer.path);
    if (slot === undefined) this.#slots.set(peer.path, { established: undefined, pending: peer });
    else slot.pending = peer;
    this.#pending.set(peer.id, peer);
  }

  /** A handshake has become an association: that of its path, unless that has one. */
  promote(peer: Peer): void {
    const slot = this.#slots.get(peer.path);
    if (slot?.pending === peer) slot.pending = undefined;
    if (slot !== undefined) slot.established ??= peer;
    this.#pending.delete(peer.id);
    this.#established.set(peer.id, peer);
    this.#recency.add(peer);
  }

  /** Something authentic has come from an association. */
  touch(peer: Peer): void {
    this.#recency.touch(peer);
  }

  /** Forgets a peer; true when it was an association. */
  remove(peer: Peer): boolean {
    this.#leave(peer);
    for (const id of peer.ids) this.#named.delete(id);
    this.#pending.delete(peer.id);
    if (!this.#established.delete(peer.id)) return false;
    this.#recency.remove(peer);
    return true;
  }

  #leave(peer: Peer): void {
    const slot = this.#slots.get(peer.path);
    if (slot?.pending === peer) slot.pending = undefined;
    if (slot?.established === peer) slot.established = undefined;
    if (slot !== undefined && slot.pending === undefined && slot.established === undefined)
      this.#slots.delete(peer.path);
  }
}
