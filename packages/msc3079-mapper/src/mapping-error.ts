import { Code } from '@lb-matrix/coap-codec';

/** Why a message cannot be mapped. */
export type MappingReason =
  /** A method other than GET, POST, PUT and DELETE, or FETCH where the path does not take it. */
  | 'method'
  /** A path outside /_matrix/client/, an unknown enum, or an enum with the wrong number of parameters. */
  | 'path'
  /** A path segment that is or hides "." or "..". */
  | 'dot_segment'
  /** Proxy-Uri or Proxy-Scheme: we are no forward proxy. */
  | 'proxying'
  /** A critical option that is malformed, or that nothing here processes. */
  | 'bad_option'
  /** Hop-Limit was used up: the request goes in circles (RFC 8768). */
  | 'hop_limit'
  /** Hop-Limit is not from 1 to 255. */
  | 'bad_hop_limit'
  /** Option 257 names a table that is not known. */
  | 'key_table'
  /** An access token that is not visible ASCII, or an Authorization header that is not `Bearer`. */
  | 'token'
  /** The client session carries another token already: use another connection. */
  | 'token_bound'
  /** A body format that is not mapped. */
  | 'content_format'
  /** A form of path, query or body that this session has not agreed on: its client has to announce itself again. */
  | 'not_agreed'
  /** An ETag in place of a position that is not known (any more): the request has to come in full. */
  | 'unknown_position'
  /** The Accept option asks for a format that is neither JSON nor CBOR. */
  | 'accept'
  /** A request body that does not convert, or that stands where none may be. */
  | 'body'
  /** A request body that would become too large. */
  | 'body_too_large'
  /** An HTTP target that is not a well-formed path and query, or that CoAP options cannot carry exactly. */
  | 'target'
  /** A path segment over 255 bytes, or a query argument or token over 65804: send this request over HTTP. */
  | 'too_long'
  /** A query argument over 255 bytes, to a server that is not known to understand option 65010: send this request over HTTP. */
  | 'query_too_long'
  /** The HTTP response's status, or its body, has no CoAP form. */
  | 'upstream'
  /** The CoAP response is none, or its body does not convert. */
  | 'response'
  /** An answer refers to an earlier one, or to an event that was sent, and this end does not have that. */
  | 'unknown_reference';

/** An error in Matrix terms: what a `{"errcode", "error"}` body and an HTTP status say. */
export interface MatrixError {
  /** HTTP status, 400-599. */
  readonly status: number;
  /** Matrix error code, such as `M_NOT_JSON`. */
  readonly errcode: string;
  /** For people. */
  readonly message: string;
  /** A CoAP code that goes as it is, whatever the session: 4.02, 5.05 and 5.08 belong to the CoAP layer. */
  readonly coapCode?: number;
}

/**
 * The one error class of this package. On the server it is ready for `errorToCoap`; on the client `reason` tells whether
 * another way (another connection, HTTP) can carry the request. It never holds a token or a body.
 */
export class MappingError extends Error implements MatrixError {
  readonly code = 'ERR_MSC3079_MAPPING';
  readonly reason: MappingReason;
  readonly status: number;
  readonly errcode: string;
  readonly coapCode?: number;

  constructor(reason: MappingReason, message: string) {
    super(message);
    this.name = 'MappingError';
    const { status, errcode, coapCode } = MEANING[reason];
    this.reason = reason;
    this.status = status;
    this.errcode = errcode;
    if (coapCode !== undefined) this.coapCode = coapCode;
  }
}

const MEANING: Readonly<Record<MappingReason, Omit<MatrixError, 'message'>>> = {
  method: { status: 405, errcode: 'M_UNRECOGNIZED' },
  path: { status: 404, errcode: 'M_UNRECOGNIZED' },
  dot_segment: { status: 400, errcode: 'M_INVALID_PARAM' },
  // RFC 7252 5.10.2
  proxying: { status: 502, errcode: 'M_UNRECOGNIZED', coapCode: Code.ProxyingNotSupported },
  // RFC 7252 5.4.1
  bad_option: { status: 400, errcode: 'M_UNRECOGNIZED', coapCode: Code.BadOption },
  // RFC 8768 3
  hop_limit: { status: 508, errcode: 'M_UNKNOWN', coapCode: Code.HopLimitReached },
  bad_hop_limit: { status: 400, errcode: 'M_UNRECOGNIZED' },
  key_table: { status: 400, errcode: 'M_UNRECOGNIZED', coapCode: Code.BadOption },
  token: { status: 400, errcode: 'M_INVALID_PARAM' },
  token_bound: { status: 400, errcode: 'M_INVALID_PARAM' },
  content_format: { status: 415, errcode: 'M_UNRECOGNIZED' },
  not_agreed: { status: 415, errcode: 'M_NOT_JSON', coapCode: Code.UnsupportedContentFormat },
  // RFC 7252 5.9.2.8
  unknown_position: { status: 412, errcode: 'M_UNKNOWN', coapCode: Code.PreconditionFailed },
  accept: { status: 406, errcode: 'M_UNRECOGNIZED' },
  body: { status: 400, errcode: 'M_NOT_JSON' },
  body_too_large: { status: 413, errcode: 'M_TOO_LARGE' },
  target: { status: 400, errcode: 'M_INVALID_PARAM' },
  too_long: { status: 414, errcode: 'M_TOO_LARGE' },
  query_too_long: { status: 414, errcode: 'M_TOO_LARGE' },
  upstream: { status: 502, errcode: 'M_UNKNOWN' },
  response: { status: 502, errcode: 'M_UNKNOWN' },
  unknown_reference: { status: 502, errcode: 'M_UNKNOWN' },
};
