import type { ClientPlatform } from './client-platform.ts';
import { isObject } from './json.ts';
import type { Memory } from './memory.ts';
import { type Offer, readOffer, readPins } from './offer.ts';

/** Where a low-bandwidth server is, and what it understands. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** `undefined`: nobody has said. */
  readonly offer: Offer | undefined;
  /** Pins of its public keys, as the homeserver has named them over HTTPS. */
  readonly pins?: readonly string[] | undefined;
}

/** An offer with what vouches for the server, as it is remembered. */
interface PinnedOffer extends Offer {
  readonly pins?: readonly string[] | undefined;
}

/** Where the address of a homeserver's low-bandwidth server comes from. */
export interface ServerSource {
  /** `undefined`: there is none, or it is not to be found out now. Never rejects. */
  find(): Promise<ServerAddress | undefined>;
  /** Nobody answers where the server was said to be. */
  doubt(): void;
  /** An app got this offer over low bandwidth. */
  learn(offer: Offer | undefined): void;
}

/** How long an offer is believed, and how long its absence. */
const MAX_AGE = 6 * 3_600_000;
const PROBE_TIMEOUT = 15_000;
/** How long a probe that did not get an answer is not repeated. */
const RETRY = 30_000;

/** Finds the low-bandwidth server of one homeserver by one question over HTTPS, whose answer is remembered. */
export class Discovery implements ServerSource {
  readonly #origin: string;
  readonly #platform: ClientPlatform;
  readonly #memory: Memory;
  readonly #fetch: typeof fetch;
  #finding: Promise<ServerAddress | undefined> | undefined;
  #askAgainAt = Number.POSITIVE_INFINITY;
  #doubted = false;

  constructor(origin: string, platform: ClientPlatform, memory: Memory, realFetch: typeof fetch) {
    this.#origin = origin;
    this.#platform = platform;
    this.#memory = memory;
    this.#fetch = realFetch;
  }

  /** The server's address; `undefined` when there is none, or it is not to be found out now. Never rejects. */
  find(): Promise<ServerAddress | undefined> {
    if (this.#finding === undefined || this.#platform.now() >= this.#askAgainAt) {
      this.#askAgainAt = Number.POSITIVE_INFINITY;
      this.#finding = this.#find();
    }
    return this.#finding;
  }

  /** Nobody answers where the server was said to be: the next `find` asks again. */
  doubt(): void {
    this.#finding = undefined;
    this.#doubted = true;
  }

  /** The HTTPS answer that led us there said the same. */
  learn(): void {}

  async #find(): Promise<ServerAddress | undefined> {
    const known = this.#doubted ? undefined : await this.#memory.recall(this.#key, MAX_AGE);
    this.#doubted = false;
    if (known === null) return this.#later(MAX_AGE);
    if (isOffer(known)) return this.#address(known);
    return this.#probe();
  }

  async #probe(): Promise<ServerAddress | undefined> {
    const control = new AbortController();
    const cancel = this.#platform.setTimer(PROBE_TIMEOUT, () => control.abort());
    try {
      const response = await this.#fetch(`${this.#origin}/_matrix/client/versions`, { signal: control.signal });
      // A server in trouble has said nothing about what it offers.
      if (response.status >= 500 || response.status === 429) return this.#later(RETRY);
      const offer = response.ok ? this.#read(await response.json(), response.url) : undefined;
      await this.#memory.remember(this.#key, offer ?? null);
      return offer === undefined ? this.#later(MAX_AGE) : this.#address(offer);
    } catch {
      this.#later(RETRY);
      // Without HTTPS there is no better answer than the last one.
      const known = await this.#memory.recall(this.#key, MAX_AGE);
      return isOffer(known) ? this.#address(known) : undefined;
    } finally {
      cancel();
    }
  }

  /** No server now; whoever asks after `ms` milliseconds makes us look again. */
  #later(ms: number): undefined {
    this.#askAgainAt = this.#platform.now() + ms;
  }

  /** `url`: where the answer came from in the end; a `fetch` of the app's own may not say it. */
  #read(versions: unknown, url: string): PinnedOffer | undefined {
    const offer = readOffer(versions);
    const isVerified = this.#origin.startsWith('https:') && (url === '' || url.startsWith('https:'));
    return offer && isVerified ? { ...offer, pins: readPins(versions) } : offer;
  }

  #address(offer: PinnedOffer): ServerAddress {
    // Brackets belong to URLs, not to addresses (RFC 3986 3.2.2).
    const host = new URL(this.#origin).hostname.replace(/^\[|\]$/g, '');
    return { host, port: offer.dtls, offer, pins: offer.pins };
  }

  get #key(): string {
    return `offer:${this.#origin}`;
  }
}

function isOffer(value: unknown): value is PinnedOffer {
  return isObject(value) && typeof value.dtls === 'number';
}
