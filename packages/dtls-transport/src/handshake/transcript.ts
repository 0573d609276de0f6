import type { CryptoProvider } from '../crypto/provider.ts';
import type { HandshakeMessage } from '../wire/handshake-message.ts';

/** The messages of a handshake, hashed as if each had been one fragment (RFC 6347 4.2.6), without the cookie exchange. */
export class Transcript {
  readonly #crypto: CryptoProvider;
  readonly #messages: HandshakeMessage[];

  constructor(crypto: CryptoProvider, messages: readonly HandshakeMessage[] = []) {
    this.#crypto = crypto;
    this.#messages = [...messages];
  }

  /** The same with more at its end. */
  with(...messages: readonly HandshakeMessage[]): Transcript {
    return new Transcript(this.#crypto, [...this.#messages, ...messages]);
  }

  hash(): Uint8Array {
    const running = this.#crypto.runningHash('sha256');
    for (const { raw } of this.#messages) running.update(raw);
    return running.digest();
  }
}
