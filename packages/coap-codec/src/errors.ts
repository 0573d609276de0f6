/** What a local caller did wrong. Noise from the network is never thrown: see `decodeMessage` and `checkOptions`. */
export type CoapErrorCode =
  /** A type, code, Message ID or token that does not fit its field. */
  | 'invalid_message'
  /** Text that is not a code such as `2.05`. */
  | 'invalid_code'
  /** An option number outside 0-65535, or a value that does not fit the option or its format. */
  | 'invalid_option'
  /** Text that is not a `coap:` or `coaps:` URI (RFC 7252 section 6), or options that make none. */
  | 'invalid_uri'
  /** The output buffer ends before the message does. */
  | 'buffer_too_small';

/** The one error class of this package. Match on `code`; the message is for people. */
export class CoapError extends Error {
  readonly code: CoapErrorCode;

  constructor(code: CoapErrorCode, message: string) {
    super(message);
    this.name = 'CoapError';
    this.code = code;
  }
}
