import type { CryptoProvider } from '../crypto/provider.ts';
import type { RandomBytes } from '../handshake/handshake.ts';
import { PATH_COOKIE_LENGTH, writePathMessage } from '../wire/path-message.ts';

/** RFC 9853: without knowledge of the round trip time. Each further challenge waits twice as long. */
const FIRST_WAIT_MS = 1_000;

/** Challenges of one check: with the waits between them it takes 7 seconds. */
const MAX_CHALLENGES = 3;

/**
 * A return routability check of an address that the peer sends from (RFC 9853): a challenge goes there, and only who receives
 * there can repeat its cookie. Each challenge has a cookie of its own; the answer to any of them counts.
 */
export class PathCheck {
  readonly #crypto: CryptoProvider;
  readonly #randomBytes: RandomBytes;
  #cookies: readonly Uint8Array[] = [];
  #deadline: number | undefined;

  constructor({ crypto, randomBytes }: { readonly crypto: CryptoProvider; readonly randomBytes: RandomBytes }) {
    this.#crypto = crypto;
    this.#randomBytes = randomBytes;
  }

  get deadline(): number | undefined {
    return this.#deadline;
  }

  /** Begins, in place of an earlier check; returns the challenge. */
  begin(now: number): Uint8Array {
    this.#cookies = [];
    return this.#challenge(now);
  }

  /** The next challenge, or `failed` when there was no answer to all of them. */
  handleTimeout(now: number): Uint8Array | 'failed' | undefined {
    if (this.#deadline === undefined || now < this.#deadline) return undefined;
    if (this.#cookies.length < MAX_CHALLENGES) return this.#challenge(now);
    this.stop();
    return 'failed';
  }

  /** The cookie is that of a challenge of the check that is under way. */
  isAnswer(cookie: Uint8Array): boolean {
    return this.#cookies.some((one) => this.#crypto.timingSafeEqual(one, cookie));
  }

  stop(): void {
    this.#cookies = [];
    this.#deadline = undefined;
  }

  #challenge(now: number): Uint8Array {
    this.#deadline = now + FIRST_WAIT_MS * 2 ** this.#cookies.length;
    const cookie = this.#randomBytes(PATH_COOKIE_LENGTH).slice();
    this.#cookies = [...this.#cookies, cookie];
    return writePathMessage({ type: 'challenge', cookie });
  }
}
