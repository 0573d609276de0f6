import type { CryptoProvider, HashName } from '../crypto/provider.ts';
import { CIPHER_SUITES_13, type CipherSuite13 } from '../handshake/cipher-suites-13.ts';
import type { RandomBytes } from '../handshake/handshake.ts';
import { GROUP_NUMBERS, groupNumbered } from '../handshake/parameters.ts';
import type { Retry } from '../handshake/server-handshake-13.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { RotatingSecret } from './rotating-secret.ts';

/** Of the HMAC: a guess succeeds once in 2^128. */
const MAC_LENGTH = 16;

const NO_GROUP = 0;

const HASH_LENGTH: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48 };

/**
 * Cookies of HelloRetryRequests (RFC 9147 5.1, RFC 8446 4.2.2): they show that a client receives at the address (the path) that
 * it sends from, and carry what the server would have to keep: suite, group, and the hash of the first ClientHello.
 */
export class RetryCookies {
  readonly #crypto: CryptoProvider;
  readonly #secret: RotatingSecret;

  constructor(crypto: CryptoProvider, randomBytes: RandomBytes) {
    this.#crypto = crypto;
    this.#secret = new RotatingSecret(randomBytes);
  }

  make(path: string, { suite, group, helloHash }: Omit<Retry, 'cookie'>, now: number): Uint8Array {
    const groupNumber = group === undefined ? NO_GROUP : GROUP_NUMBERS[group];
    const state = new ByteWriter().u16(suite.number).u16(groupNumber).raw(helloHash).bytes();
    return new ByteWriter()
      .raw(state)
      .raw(this.#mac(this.#secret.current(now), path, state))
      .bytes();
  }

  /** What a cookie of ours for this path has kept; `undefined` when it is none, or too old. Never throws. */
  open(path: string, cookie: Uint8Array, now: number): Retry | undefined {
    const state = cookie.subarray(0, -MAC_LENGTH);
    const mac = cookie.subarray(-MAC_LENGTH);
    const isOurs = this.#secret
      .valid(now)
      .some((key) => this.#crypto.timingSafeEqual(this.#mac(key, path, state), mac));
    return isOurs ? { ...readState(state), cookie: cookie.slice() } : undefined;
  }

  #mac(key: Uint8Array, path: string, state: Uint8Array): Uint8Array {
    const input = new ByteWriter().vector16(new TextEncoder().encode(path)).raw(state).bytes();
    return this.#crypto.hmac('sha256', key, input).subarray(0, MAC_LENGTH);
  }
}

/** What we have written ourselves. */
function readState(state: Uint8Array): Omit<Retry, 'cookie'> {
  const reader = new ByteReader(state, 'cookie');
  const number = reader.u16();
  const suite = CIPHER_SUITES_13.find((candidate) => candidate.number === number) as CipherSuite13;
  const group = groupNumbered(reader.u16(), ['x25519', 'secp256r1']);
  return { suite, group, helloHash: reader.fixed(HASH_LENGTH[suite.hash]).slice() };
}
