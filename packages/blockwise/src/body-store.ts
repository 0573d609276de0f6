import type { ServerLimits } from './limits.ts';

/** What every held body costs beside its bytes: key, objects, table entries. */
const OVERHEAD = 512;

/** Something that is held for a peer. */
export interface Held<T> {
  readonly value: T;
  readonly peer: object;
  readonly key: string;
  /** Memory it is charged with, in bytes. */
  readonly bytes: number;
}

interface Entry<T> extends Held<T> {
  readonly owner: Peer<T>;
  readonly evicted: (() => void) | undefined;
  bytes: number;
  usedAt: number;
  state: 'kept' | 'pinned' | 'gone';
}

interface Peer<T> {
  forgotten: boolean;
  /** Least recently used first. */
  readonly kept: Map<string, Entry<T>>;
  bytes: number;
  pinned: number;
}

/**
 * Bodies held for peers, by peer and key. Bounded for each peer and in total: the least recently used goes first, a
 * peer's own before those of others; what is pinned (in use) stays. Nothing outlives `lifetime` after its last use.
 */
export class BodyStore<T> {
  readonly #limits: ServerLimits;
  readonly #peers: Map<object, Peer<T>> = new Map();
  /** All that is kept, least recently used first: so also the order in which it expires. */
  readonly #order: Set<Entry<T>> = new Set();
  #bytes = 0;

  constructor(limits: ServerLimits) {
    this.#limits = limits;
  }

  /** Memory charged in total, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  peek(peer: object, key: string): Held<T> | undefined {
    return this.#peers.get(peer)?.kept.get(key);
  }

  /** All that is kept for a peer. */
  values(peer: object): T[] {
    return [...(this.#peers.get(peer)?.kept.values() ?? [])].map((entry) => entry.value);
  }

  /**
   * Holds `value` in place of what the key held before; `undefined` when there is no room for it. `evicted` is called when it has to go
   * for another one, or has outlived its use.
   */
  hold(peer: object, key: string, value: T, bytes: number, now: number, evicted?: () => void): Held<T> | undefined {
    let state = this.#peers.get(peer);
    if (state === undefined) {
      state = { forgotten: false, kept: new Map(), bytes: 0, pinned: 0 };
    }
    const before = state.kept.get(key);
    if (before !== undefined) this.release(before);
    if (state.kept.size >= this.#limits.maxPeerBodies) this.#evict(first(state.kept.values())!);
    const entry: Entry<T> = { value, peer, owner: state, key, evicted, bytes: 0, usedAt: now, state: 'kept' };
    this.#peers.set(peer, state);
    state.kept.set(key, entry);
    this.#order.add(entry);
    if (this.resize(entry, bytes)) return entry;
    this.release(entry);
    return undefined;
  }

  /** Says that it was used: it becomes the last to go. */
  touch(held: Held<T>, now: number): void {
    const entry = held as Entry<T>;
    if (entry.state !== 'kept') return;
    entry.usedAt = now;
    const { kept } = entry.owner;
    kept.delete(entry.key);
    kept.set(entry.key, entry);
    this.#order.delete(entry);
    this.#order.add(entry);
  }

  /** Charges `bytes` from now on; false, and nothing changed, when there is no room. Others may go for it. */
  resize(held: Held<T>, bytes: number): boolean {
    const entry = held as Entry<T>;
    const peer = entry.owner;
    if (peer.forgotten || entry.state === 'gone') return false;
    const more = bytes + OVERHEAD + 2 * entry.key.length - entry.bytes;
    if (more > 0) {
      if (entry.bytes + more > this.#limits.maxPeerBytes) return false;
      if (!this.#makeRoom(peer.kept.values(), entry, () => peer.bytes + more <= this.#limits.maxPeerBytes))
        return false;
      if (!this.#makeRoom(this.#order, entry, () => this.#bytes + more <= this.#limits.maxTotalBytes)) return false;
    }
    entry.bytes += more;
    peer.bytes += more;
    this.#bytes += more;
    return true;
  }

  /** Takes it out of reach of its key, of eviction and of expiry, until it is released. */
  pin(held: Held<T>): void {
    const entry = held as Entry<T>;
    if (entry.state !== 'kept') return;
    entry.state = 'pinned';
    entry.owner.kept.delete(entry.key);
    entry.owner.pinned++;
    this.#order.delete(entry);
  }

  /** Lets go of it. Again does nothing. */
  release(held: Held<T>): void {
    const entry = held as Entry<T>;
    const peer = entry.owner;
    if (entry.state === 'gone' || peer.forgotten) return;
    if (entry.state === 'pinned') peer.pinned--;
    else peer.kept.delete(entry.key);
    entry.state = 'gone';
    this.#order.delete(entry);
    peer.bytes -= entry.bytes;
    this.#bytes -= entry.bytes;
    if (peer.kept.size === 0 && peer.pinned === 0) this.#peers.delete(entry.peer);
  }

  /** Lets go of all that is held for a peer. */
  forget(peer: object): void {
    const state = this.#peers.get(peer);
    if (state === undefined) return;
    for (const entry of state.kept.values()) {
      entry.state = 'gone';
      this.#order.delete(entry);
    }
    state.forgotten = true;
    this.#bytes -= state.bytes;
    this.#peers.delete(peer);
  }

  /** Lets go of what has not been used for a lifetime. */
  expire(now: number): void {
    for (const entry of this.#order) {
      if (entry.usedAt + this.#limits.lifetime > now) return;
      this.#evict(entry);
    }
  }

  /** When `expire` has something to do, in ms; `undefined` when nothing is held. */
  nextExpiry(): number | undefined {
    const oldest = first(this.#order);
    return oldest === undefined ? undefined : oldest.usedAt + this.#limits.lifetime;
  }

  #evict(entry: Entry<T>): void {
    this.release(entry);
    entry.evicted?.();
  }

  #makeRoom(candidates: Iterable<Entry<T>>, but: Entry<T>, enough: () => boolean): boolean {
    if (enough()) return true;
    for (const entry of candidates) {
      if (entry === but) continue;
      this.#evict(entry);
      if (enough()) return true;
    }
    return false;
  }
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}
