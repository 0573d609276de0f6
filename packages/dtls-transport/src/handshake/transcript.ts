import type { CryptoProvider, HashName } from '../crypto/provider.ts';
import { concatBytes } from '../wire/bytes.ts';
import type { HandshakeMessage } from '../wire/handshake-message.ts';

/** The messages of a handshake as if each had been one fragment (RFC 6347 4.2.6), without the cookie exchange. */
export class Transcript {
  readonly #messages: readonly HandshakeMessage[];

  constructor(messages: readonly HandshakeMessage[] = []) {
    this.#messages = messages;
  }

  /** The same with more at its end. */
  with(...messages: readonly HandshakeMessage[]): Transcript {
    return new Transcript([...this.#messages, ...messages]);
  }

  hash(crypto: CryptoProvider, name: HashName): Uint8Array {
    const running = crypto.runningHash(name);
    for (const { raw } of this.#messages) running.update(raw);
    return running.digest();
  }

  /** What a CertificateVerify signs (RFC 5246 7.4.8). */
  bytes(): Uint8Array {
    return concatBytes(this.#messages.map(({ raw }) => raw));
  }
}
