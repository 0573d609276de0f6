/** What went wrong, in one word. */
export type EndpointErrorCode =
  /** No acknowledgement, or no response, in time. */
  | 'timed_out'
  /** The peer rejected the message with a Reset. */
  | 'reset'
  /** The request cannot be sent as it is: the caller's mistake. */
  | 'refused'
  /** The peer broke the protocol, or sent more than is accepted. */
  | 'misbehaved'
  /** The endpoint or its pipe ended. */
  | 'closed'
  /** The caller's signal. */
  | 'aborted';

/** What went wrong, more closely. */
export type EndpointErrorReason =
  /** `timed_out`: all retransmissions stayed without acknowledgement (RFC 7252 section 4.2). */
  | 'no_acknowledgement'
  /** `timed_out`: acknowledged (or sent as NON), but then no response. */
  | 'no_response'
  /** `timed_out`: the `timeout` of the request is over. */
  | 'deadline'
  /** `reset` */
  | 'reset'
  /** `refused`: not a method code, or an option that belongs to the endpoint or does not encode. */
  | 'invalid_request'
  /**
   * `refused`: the options leave no room for a block in a datagram, or the body exceeds `maxBodyBytes` or the block
   * numbers.
   */
  | 'request_too_large'
  /** `misbehaved`: a critical option that we do not know, in a response (RFC 7252 section 5.4.1). */
  | 'bad_option'
  /** `misbehaved`: blocks that do not fit together (RFC 7959). */
  | 'bad_block'
  /** `misbehaved`: the body changed during the transfer, again and again or where it cannot be asked for again. */
  | 'body_changed'
  /** `misbehaved`: a response body above `maxBodyBytes`. */
  | 'response_too_large'
  /** `closed`: by `close()`. */
  | 'closed_here'
  /** `closed`: the pipe ended; its reason is the error's `cause`. */
  | 'pipe_closed'
  /** `aborted`: the signal's reason is the error's `cause`. */
  | 'aborted';

/** The one error class of this package. Match on `code` and `reason`; the message is for people. */
export class EndpointError extends Error {
  readonly code: EndpointErrorCode;
  readonly reason: EndpointErrorReason;

  constructor(code: EndpointErrorCode, reason: EndpointErrorReason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EndpointError';
    this.code = code;
    this.reason = reason;
  }
}
