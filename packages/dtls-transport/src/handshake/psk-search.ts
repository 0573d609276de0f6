import type { CryptoProvider } from '../crypto/provider.ts';
import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { pskBinder } from './psk-binder.ts';
import type { PskOffer } from './psk-offer.ts';
import type { RetriedHello } from './transcript-13.ts';

/** A client that can take a long list along makes us look up no more than this. */
const MAX_IDENTITIES = 4;

/** Stands in for a key that there is not, so that it takes as long to find out. */
const NO_KEY = new Uint8Array(32);

/** A key that we share with the client, which has shown that it has it. */
export interface AcceptedPsk {
  /** Its place among those that the client has offered. */
  readonly index: number;
  readonly identity: Uint8Array;
  readonly key: Uint8Array;
}

/** Goes through the keys that a client names (RFC 8446 4.2.11) until the layer above knows one. */
export class PskSearch {
  readonly #crypto: CryptoProvider;
  readonly #offer: PskOffer;
  readonly #hello: Uint8Array;
  readonly #retried: RetriedHello | undefined;
  #index = 0;

  /** `hello` is the body of the ClientHello. */
  constructor(crypto: CryptoProvider, offer: PskOffer, hello: Uint8Array, retried: RetriedHello | undefined) {
    this.#crypto = crypto;
    this.#offer = offer;
    this.#hello = hello;
    this.#retried = retried;
  }

  /** Whose key is to be looked up. */
  get identity(): Uint8Array {
    return this.#offer.identities[this.#index]!;
  }

  /** There is a key. Throws `DtlsPeerError` (`bad-psk-binder`) when the client has another one. */
  accept(key: Uint8Array): AcceptedPsk {
    if (!this.#isBound(key)) {
      throw new DtlsPeerError('bad-psk-binder', ALERT.decrypt_error, 'the client has not the key that it names');
    }
    return { index: this.#index, identity: this.identity.slice(), key };
  }

  /**
   * There is no such key: the identity to look up next, or `undefined` when the handshake goes on without one. Throws
   * `DtlsPeerError` (`unknown-psk-identity`) when it cannot. To the client that looks like another key (RFC 8446 E.6).
   */
  reject(mayDoWithout: boolean): Uint8Array | undefined {
    if (this.#index + 1 < Math.min(this.#offer.identities.length, MAX_IDENTITIES)) {
      this.#index += 1;
      return this.identity;
    }
    if (mayDoWithout) return undefined;
    this.#isBound(NO_KEY);
    throw new DtlsPeerError('unknown-psk-identity', ALERT.decrypt_error, 'the client names no key that we share');
  }

  #isBound(key: Uint8Array): boolean {
    const { binders, bindersLength } = this.#offer;
    const expected = pskBinder(this.#crypto, key, this.#retried, this.#hello, bindersLength);
    return this.#crypto.timingSafeEqual(binders[this.#index]!, expected);
  }
}
