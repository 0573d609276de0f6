import type { CryptoProvider, HashName, RunningHash } from '../crypto/provider.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage } from '../wire/handshake-message.ts';

/** The hash of a handshake so far. RFC 9147 5.2: without message_seq and what fragments say, so that it is TLS 1.3's. */
export class Transcript13 {
  readonly #hash: RunningHash;

  constructor(crypto: Pick<CryptoProvider, 'runningHash'>, name: HashName) {
    this.#hash = crypto.runningHash(name);
  }

  add(message: Pick<HandshakeMessage, 'type' | 'body'>): void {
    this.#hash.update(tlsMessage(message));
  }

  hash(): Uint8Array {
    return this.#hash.digest();
  }
}

/** A ClientHello as the transcript has it after a HelloRetryRequest: its hash (RFC 8446 4.4.1). */
export function messageHash(clientHelloHash: Uint8Array): Pick<HandshakeMessage, 'type' | 'body'> {
  return { type: HANDSHAKE_TYPE.messageHash, body: clientHelloHash };
}

/** A message with the header of TLS (RFC 8446 4): type and length. */
export function tlsMessage({ type, body }: Pick<HandshakeMessage, 'type' | 'body'>): Uint8Array {
  return new ByteWriter().u8(type).vector24(body).bytes();
}
