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
  /** Observations of one session at a time: beyond it 503. Default 8. */
  readonly maxSessionObservations: number;
  /** Observations at a time, of all sessions; each has a request at the homeserver: beyond it 503. Default 12,288. */
  readonly maxObservations: number;
  /** Sessions of one address that observe at a time, since many clients may share one: beyond it 503. Default 1,024. */
  readonly maxAddressSessions: number;
  /**
   * Bytes of answers that observing clients have not acknowledged, of all sessions: beyond it those of clients that have
   * been out of reach for longest are dropped, then a client with news is told to register again (503). Default 256 MiB.
   */
  readonly maxUnacknowledgedBytes: number;
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
  maxSessionObservations: 8,
  maxObservations: 12_288,
  maxAddressSessions: 1024,
  maxUnacknowledgedBytes: 256 * 1024 * 1024,
  upstreamTimeout: 60_000,
};
