import type { Peer } from './peer.ts';
import { RecencyList } from './recency-list.ts';

/** What one path has: an association, and a handshake that may take its place (RFC 6347 4.2.8). */
export interface Slot {
  established: Peer | undefined;
  pending: Peer | undefined;
}

/** The peers of a listener by path and by id, the handshakes by age, the associations by silence. */
export class PeerTable {
  readonly #slots = new Map<string, Slot>();
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

  /** A handshake has become the association of its path, which has none (any more). */
  promote(peer: Peer): void {
    const slot = this.#slots.get(peer.path)!;
    slot.pending = undefined;
    slot.established = peer;
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
    const slot = this.#slots.get(peer.path);
    if (slot?.pending === peer) slot.pending = undefined;
    if (slot?.established === peer) slot.established = undefined;
    if (slot !== undefined && slot.pending === undefined && slot.established === undefined)
      this.#slots.delete(peer.path);
    this.#pending.delete(peer.id);
    if (!this.#established.delete(peer.id)) return false;
    this.#recency.remove(peer);
    return true;
  }
}
