import type { RandomBytes } from '../handshake/handshake.ts';

/** A secret makes cookies for this long and recognises them for as long again (RFC 6347 4.2.1). */
const LIFETIME_MS = 120_000;

/** A secret that is replaced from time to time; the one before it still counts for a while. */
export class RotatingSecret {
  readonly #randomBytes: RandomBytes;
  #current: { readonly key: Uint8Array; readonly since: number } | undefined;
  #previous: Uint8Array | undefined;

  constructor(randomBytes: RandomBytes) {
    this.#randomBytes = randomBytes;
  }

  /** The one to make cookies with. */
  current(now: number): Uint8Array {
    const current = this.#current;
    if (current !== undefined && now - current.since < LIFETIME_MS) return current.key;
    const isRecent = current !== undefined && now - current.since < 2 * LIFETIME_MS;
    this.#previous = isRecent ? current.key : undefined;
    const key = this.#randomBytes(32);
    this.#current = { key, since: now };
    return key;
  }

  /** Those that cookies may have been made with. */
  valid(now: number): readonly Uint8Array[] {
    const current = this.current(now);
    return this.#previous === undefined ? [current] : [current, this.#previous];
  }
}
