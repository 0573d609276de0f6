import type { Platform } from '@lb-matrix/coap-endpoint';
import { Feature, hasAgreed, isInitialSync, type MappedRequest, type ServerSession } from '@lb-matrix/msc3079-mapper';

/** In milliseconds. */
const HOUR = 3_600_000;
/** Tokens that are remembered, and the longest of them, in characters: 16 MiB at most. */
const MAX_TOKENS = 16_384;
const MAX_TOKEN = 1024;

/**
 * An initial /sync, of everything, is one DEFLATE stream once for a token and hour, which saves a tenth. Whoever can make a client begin again,
 * and writes into one of its rooms, learns by the length whether a guess is right: one guess in an hour. All others are cut by room and sender.
 */
export class InitialSyncs {
  readonly #platform: Pick<Platform, 'now'>;
  /** When a token last had it, the longest ago first. */
  readonly #had: Map<string, number> = new Map();

  constructor(platform: Pick<Platform, 'now'>) {
    this.#platform = platform;
  }

  /** The request, with leave for its answer to be one stream where it may be that. */
  admit(mapped: MappedRequest, session: ServerSession): MappedRequest {
    const { compression, token } = mapped.answer;
    if (compression !== 'parts' || token === undefined || !hasAgreed(session, Feature.Deflate)) return mapped;
    if (!isInitialSync(mapped) || !this.#take(token)) return mapped;
    return { ...mapped, answer: { ...mapped.answer, compression: 'once' } };
  }

  #take(token: string): boolean {
    const now = this.#platform.now();
    for (const [other, at] of this.#had) {
      if (now - at < HOUR) break;
      this.#had.delete(other);
    }
    if (token.length > MAX_TOKEN || this.#had.size >= MAX_TOKENS || this.#had.has(token)) return false;
    this.#had.set(token, now);
    return true;
  }
}
