import type { ServerAddress, ServerSource } from './discovery.ts';
import { isObject } from './json.ts';
import type { Memory } from './memory.ts';
import type { Offer } from './offer.ts';

const MAX_AGE = 6 * 3_600_000;

/** A server whose address is given. What it understands is learnt when an app asks it for /versions, and remembered. */
export class FixedServer implements ServerSource {
  readonly #host: string;
  readonly #port: number;
  readonly #memory: Memory;
  #finding: Promise<ServerAddress> | undefined;

  constructor({ host, port }: { readonly host: string; readonly port: number }, memory: Memory) {
    this.#host = host;
    this.#port = port;
    this.#memory = memory;
  }

  find(): Promise<ServerAddress> {
    this.#finding ??= this.#memory
      .recall(this.#key, MAX_AGE)
      .then((known) => this.#address(isObject(known) ? (known as unknown as Offer) : undefined));
    return this.#finding;
  }

  /** There is nobody to ask for another address. */
  doubt(): void {}

  /** What /versions said to an app. */
  learn(offer: Offer | undefined): void {
    this.#finding = Promise.resolve(this.#address(offer));
    void this.#memory.remember(this.#key, offer ?? null);
  }

  #address(offer: Offer | undefined): ServerAddress {
    return { host: this.#host, port: this.#port, offer };
  }

  get #key(): string {
    return `fixed:${this.#host}:${this.#port}`;
  }
}
