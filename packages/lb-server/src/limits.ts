/** What one server holds at most. */
export interface Limits {
  /** Longest request body in bytes, as it came and as JSON: beyond it 413. Default 4 MiB. */
  readonly maxRequestBytes: number;
  /** Longest answer of the homeserver in bytes: beyond it 502. Default 64 MiB. */
  readonly maxResponseBytes: number;
  /** Requests of one session that wait for the homeserver at a time: beyond it 429. Default 32. */
  readonly maxSessionRequests: number;
  /** Requests that wait for the homeserver at a time, of all sessions and over HTTP: beyond it 503. Default 16,384. */
  readonly maxRequests: number;
  /**
   * Milliseconds that the homeserver has for an answer, on top of what a long-poll asked for itself with `timeout` (of
   * which an hour counts at most): beyond it 504. Default 60,000.
   */
  readonly upstreamTimeout: number;
}

/** The limits of a server that is told nothing else. */
export const DEFAULT_LIMITS: Limits = {
  maxRequestBytes: 4 * 1024 * 1024,
  maxResponseBytes: 64 * 1024 * 1024,
  maxSessionRequests: 32,
  maxRequests: 16_384,
  upstreamTimeout: 60_000,
};
