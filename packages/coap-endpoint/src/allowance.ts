/** IPv4 and UDP headers, in bytes: what every datagram costs besides. With IPv6 it is more, so nothing is understated. */
const HEADERS = 28;
const FACTOR = 3;

/**
 * What may be sent to a peer that has not shown that it receives at its address: three times what came from there
 * (RFC 9175 section 2.4, item 3), so that nobody gains by sending in somebody else's name.
 */
export class Allowance {
  readonly #isValidated: () => boolean;
  readonly #randomBytes: (length: number) => Uint8Array;
  #validated = false;
  #bytes = 0;
  #echo: Uint8Array | undefined;

  /** `isValidated`: the pipe knows that the peer is there. */
  constructor(isValidated: () => boolean, randomBytes: (length: number) => Uint8Array) {
    this.#isValidated = isValidated;
    this.#randomBytes = randomBytes;
  }

  /** The peer has not shown yet that it is there. */
  get limited(): boolean {
    this.#validated ||= this.#isValidated();
    return !this.#validated;
  }

  /** The largest datagram that may be sent now, in bytes. */
  get room(): number {
    return this.limited ? Math.max(0, this.#bytes - HEADERS) : Number.POSITIVE_INFINITY;
  }

  /** The value of the Echo option that only who is there can know. */
  get echo(): Uint8Array {
    this.#echo ??= this.#randomBytes(8).slice();
    return this.#echo;
  }

  received(length: number): void {
    if (this.limited) this.#bytes += FACTOR * (length + HEADERS);
  }

  /** Takes what a datagram costs; false when there is not enough. */
  take(length: number): boolean {
    if (!this.limited) return true;
    if (length > this.room) return false;
    this.#bytes -= length + HEADERS;
    return true;
  }

  /** Takes an Echo value that came back. */
  prove(value: Uint8Array): void {
    const { echo } = this;
    if (value.length !== echo.length) return;
    let difference = 0;
    for (let i = 0; i < echo.length; i++) difference |= value[i]! ^ echo[i]!;
    if (difference === 0) this.#validated = true;
  }
}
