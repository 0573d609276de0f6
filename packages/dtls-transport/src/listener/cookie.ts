import type { CryptoProvider } from '../crypto/provider.ts';
import type { RandomBytes } from '../handshake/handshake.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { concatBytes } from '../wire/bytes.ts';
import type { ClientHelloFront } from '../wire/client-hello.ts';
import { RotatingSecret } from './rotating-secret.ts';
import { steadyPart } from './steady-part.ts';

/** Each half of a cookie: a guess succeeds once in 2^64 datagrams, and then only opens a handshake. */
const HALF = 8;

/** A ClientHello, or the first fragment of one, as far as cookies go. */
export interface PresentedHello {
  /** Where it came from. */
  readonly path: string;
  readonly messageSeq: number;
  readonly front: ClientHelloFront;
  /** `front` holds all of it. */
  readonly isWhole: boolean;
}

/**
 * Stateless cookies (RFC 6347 4.2.1): they show that a client receives at the address (the path) that it sends from. The first
 * half covers the path, the message_seq and the ClientHello up to the cookie, which the first fragment of any ClientHello
 * holds; the second half also what stays the same of what follows, so that a ClientHello that was damaged on the way is asked for again. A
 * ClientHello in fragments gets the first half alone.
 */
export class Cookies {
  readonly #crypto: CryptoProvider;
  readonly #secret: RotatingSecret;

  constructor(crypto: CryptoProvider, randomBytes: RandomBytes) {
    this.#crypto = crypto;
    this.#secret = new RotatingSecret(randomBytes);
  }

  /** The cookie that the next ClientHello is to carry. */
  make(hello: PresentedHello, now: number): Uint8Array {
    return this.#compute(this.#secret.current(now), hello, hello.messageSeq + 1, hello.isWhole);
  }

  /** The client has got its cookie from us, at this path, for this ClientHello. */
  isValid(hello: PresentedHello, now: number): boolean {
    // A ClientHello that came in one piece must carry both halves. One in fragments got one half or, if only the cookie made
    // it too long, both; its rest is not here to be checked. CVE-2022-35409: nothing is compared beyond what was received.
    const presented = hello.isWhole ? hello.front.cookie : hello.front.cookie.subarray(0, HALF);
    return this.#secret.valid(now).some((key) => {
      const expected = this.#compute(key, hello, hello.messageSeq, hello.isWhole);
      return this.#crypto.timingSafeEqual(expected, presented);
    });
  }

  #compute(key: Uint8Array, { path, front }: PresentedHello, messageSeq: number, withRest: boolean): Uint8Array {
    const address = new TextEncoder().encode(path);
    const prefix = new ByteWriter().vector16(address).u16(messageSeq).raw(front.beforeCookie).bytes();
    const first = this.#crypto.hmac('sha256', key, prefix).subarray(0, HALF);
    if (!withRest) return first;
    const all = this.#crypto.hmac('sha256', key, concatBytes([prefix, steadyPart(front.afterCookie)]));
    return concatBytes([first, all.subarray(0, HALF)]);
  }
}
