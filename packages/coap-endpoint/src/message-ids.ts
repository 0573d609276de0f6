const COUNT = 0x1_0000;
/** IDs taken within one of these, in milliseconds, are counted together. */
const SLICE = 1000;

/**
 * Message IDs: consecutive from a random start, none of them twice within a lifetime (RFC 7252 section 4.4). Because
 * they are consecutive it is enough to count them: a slice a second is all that is remembered.
 */
export class MessageIds {
  readonly #lifetime: () => number;
  readonly #slices: { readonly start: number; readonly lifetime: number; count: number }[] = [];
  #next: number;
  #used = 0;
  #firstReserved: number | undefined;
  #reserved = 0;

  /** `lifetime`, in milliseconds, is asked for as each is taken. */
  constructor(lifetime: () => number, randomBytes: (length: number) => Uint8Array) {
    this.#lifetime = lifetime;
    const start = randomBytes(2);
    this.#next = (start[0]! << 8) | start[1]!;
  }

  /** Whether all are in use: see `freeAt`. */
  exhausted(now: number): boolean {
    while (this.#slices.length > 0 && this.#endOf(this.#slices[0]!) <= now) this.#used -= this.#slices.shift()!.count;
    return this.#used >= COUNT - this.#reserved;
  }

  /** The next free one, or `undefined` when all are in use. */
  take(now: number): number | undefined {
    if (this.exhausted(now)) return undefined;
    const last = this.#slices.at(-1);
    const lifetime = this.#lifetime();
    if (last !== undefined && now < last.start + SLICE && lifetime === last.lifetime) last.count++;
    else this.#slices.push({ start: now, lifetime, count: 1 });
    this.#used++;
    const id = this.#next;
    this.#next = (id + 1) % COUNT;
    if (this.#next === this.#firstReserved) this.#next = (this.#next + this.#reserved) % COUNT;
    return id;
  }

  /** Takes so many consecutive ones out for ever, and returns the first. Once. */
  reserve(count: number): number {
    const first = this.#next;
    this.#firstReserved = first;
    this.#reserved = count;
    this.#next = (first + count) % COUNT;
    return first;
  }

  /** When the oldest come free. */
  freeAt(): number {
    return this.#slices.length === 0 ? 0 : this.#endOf(this.#slices[0]!);
  }

  #endOf(slice: { readonly start: number; readonly lifetime: number }): number {
    return slice.start + SLICE + slice.lifetime;
  }
}
