import type { CryptoProvider, HashName, RunningHash } from '../crypto/provider.ts';
import { concatBytes } from '../wire/bytes.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage } from '../wire/handshake-message.ts';

/** The hash of a handshake so far. RFC 9147 5.2: without message_seq and what fragments say, so that it is TLS 1.3's. */
export class Transcript13 {
  readonly #hash: RunningHash;
  /** Of all so far, once somebody has asked. */
  #digest: Uint8Array | undefined;

  constructor(crypto: Pick<CryptoProvider, 'runningHash'>, name: HashName) {
    this.#hash = crypto.runningHash(name);
  }

  add({ type, body }: Pick<HandshakeMessage, 'type' | 'body'>): void {
    this.addBytes(tlsHeader(type, body));
    this.addBytes(body);
  }

  /** A part of a message, as `tlsMessage` writes it. */
  addBytes(bytes: Uint8Array): void {
    this.#digest = undefined;
    this.#hash.update(bytes);
  }

  hash(): Uint8Array {
    this.#digest ??= this.#hash.digest();
    return this.#digest;
  }
}

/** What came before a second ClientHello. */
export interface RetriedHello {
  /** The hash of the first one (RFC 8446 4.4.1). */
  readonly helloHash: Uint8Array;
  /** The body of the HelloRetryRequest that it got. */
  readonly retryRequest: Uint8Array;
}

/** A transcript up to the ClientHello that is answered. RFC 8446 4.4.1: of a first one its hash stands in its place. */
export function transcriptBeforeHello(
  crypto: Pick<CryptoProvider, 'runningHash'>,
  name: HashName,
  retried: RetriedHello | undefined,
): Transcript13 {
  const transcript = new Transcript13(crypto, name);
  if (retried === undefined) return transcript;
  transcript.add({ type: HANDSHAKE_TYPE.messageHash, body: retried.helloHash });
  transcript.add({ type: HANDSHAKE_TYPE.serverHello, body: retried.retryRequest });
  return transcript;
}

/** A message with the header of TLS (RFC 8446 4): type and length. */
export function tlsMessage({ type, body }: Pick<HandshakeMessage, 'type' | 'body'>): Uint8Array {
  return concatBytes([tlsHeader(type, body), body]);
}

function tlsHeader(type: number, { length }: Uint8Array): Uint8Array {
  return Uint8Array.of(type, length >> 16, length >> 8, length);
}
