/** What went wrong, in one word. */
export type LowBandwidthErrorCode =
  /** Neither low bandwidth nor HTTPS got the request through; it may be repeated. */
  | 'network'
  /** The request may or may not have been carried out: the connection broke before its answer came. */
  | 'fate_unknown'
  /** `close()` was called. */
  | 'closed';

/** What this `fetch` rejects with besides the reason of an AbortSignal: a TypeError, as with any `fetch`. */
export abstract class LowBandwidthError extends TypeError {
  abstract readonly code: LowBandwidthErrorCode;

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
  }
}

/** The request was not carried out, or can be repeated without harm. `cause` says what failed last. */
export class NetworkError extends LowBandwidthError {
  readonly code = 'network';
  override readonly name = 'NetworkError';
}

/**
 * A request that must not be sent twice (any but GET and a PUT with a transaction id) was on its way when the connection
 * broke. Look whether it has happened before you repeat it.
 */
export class FateUnknownError extends LowBandwidthError {
  readonly code = 'fate_unknown';
  override readonly name = 'FateUnknownError';
}

/** The fetch was closed. */
export class ClosedError extends LowBandwidthError {
  readonly code = 'closed';
  override readonly name = 'ClosedError';
}
