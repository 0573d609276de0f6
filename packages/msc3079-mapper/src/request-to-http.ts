import { type CoapOption, Code, ContentFormat, checkOptions, OptionNumber, uintValue } from '@lb-matrix/coap-codec';
import { answerFormat, type BodyFormat } from './format.ts';
import { decodeCborBody } from './json-body.ts';
import { isLogout } from './logout.ts';
import { MappingError } from './mapping-error.ts';
import type { CoapParts, HttpRequest } from './messages.ts';
import { mapperOptionRegistry } from './option-number.ts';
import { acceptedFeatures, rememberOptions, type ServerSession } from './server-session.ts';
import { optionsToTarget } from './target.ts';

/** What `responseToCoap` has to know of the request it answers; it holds no body. */
export interface AnswerContext {
  readonly method: string;
  readonly format: BodyFormat;
  /** The token that the request ran with. Secret: never log it. */
  readonly token: string | undefined;
  /** The accepted bits, when the request announced itself. */
  readonly features: number | undefined;
  /** A 2xx answer ends the token's life. */
  readonly logout: boolean;
}

export interface MappedRequest extends HttpRequest {
  readonly answer: AnswerContext;
}

const METHODS: ReadonlyMap<number, string> = new Map([
  [Code.GET, 'GET'],
  [Code.POST, 'POST'],
  [Code.PUT, 'PUT'],
  [Code.DELETE, 'DELETE'],
]);

/** Critical options that the codec knows and nothing behind us processes: conditional requests, OSCORE, Q-Block. */
const UNSUPPORTED: readonly number[] = [
  OptionNumber.IfMatch,
  OptionNumber.IfNoneMatch,
  OptionNumber.OSCORE,
  OptionNumber.QBlock1,
  OptionNumber.QBlock2,
];

/**
 * The HTTP request that a CoAP request means (MSC3079), with the session's sticky token, a JSON body where CBOR came in,
 * and these headers only: `authorization`, `content-type`, `accept`. Sticky options are taken into `session`, also when
 * a later part of the request is refused. Uri-Host, Observe and Block options belong to the layers around this one.
 * Throws `MappingError`, ready for `errorToCoap`, and nothing else.
 */
export function requestToHttp(request: CoapParts, session: ServerSession): MappedRequest {
  const options = usableOptions(request.options);
  rememberOptions(options, session);
  const method = METHODS.get(request.code);
  if (method === undefined) throw new MappingError('method', 'Unrecognized request method');
  const format = answerFormat(options);
  if (format === undefined) throw new MappingError('accept', 'Answers are JSON or CBOR');
  const target = optionsToTarget(options, session.pathPrefix);
  // RFC 7252 5.5: a payload where the method defines none is ignored.
  const body = method === 'GET' ? undefined : readBody(request, options, session);

  const { token } = session;
  const headers: [string, string][] = [['accept', 'application/json']];
  if (token !== undefined) headers.push(['authorization', `Bearer ${token}`]);
  if (body !== undefined) headers.push(['content-type', body.type]);
  const features = acceptedFeatures(options, session);
  const answer: AnswerContext = { method, format, token, features, logout: isLogout(method, target) };
  return body === undefined
    ? { method, target, headers, answer }
    : { method, target, headers, body: body.bytes, answer };
}

function usableOptions(all: readonly CoapOption[]): readonly CoapOption[] {
  const { usable, bad } = checkOptions(all, mapperOptionRegistry);
  // RFC 7252 5.7.2: a server that is no forward proxy says 5.05, before it looks at anything else.
  if (all.some(({ number }) => number === OptionNumber.ProxyUri || number === OptionNumber.ProxyScheme)) {
    throw new MappingError('proxying', 'This server is not a forward proxy');
  }
  const unsupported = bad ?? usable.find(({ number }) => UNSUPPORTED.includes(number));
  if (unsupported !== undefined) throw new MappingError('bad_option', `Option ${unsupported.number} is not usable`);
  return usable;
}

interface Body {
  readonly type: string;
  readonly bytes: Uint8Array;
}

function readBody(request: CoapParts, options: readonly CoapOption[], session: ServerSession): Body | undefined {
  const { payload } = request;
  // Existing clients mark even an absent body, as format 42.
  if (payload.length === 0) return undefined;
  switch (uintValue(options, OptionNumber.ContentFormat)) {
    case ContentFormat.Cbor:
      return { type: 'application/json', bytes: cborBody(payload, session) };
    case undefined:
    case ContentFormat.Json:
      return { type: 'application/json', bytes: payload };
    case ContentFormat.TextPlain:
      return { type: 'text/plain; charset=utf-8', bytes: payload };
    case ContentFormat.OctetStream:
      return { type: 'application/octet-stream', bytes: payload };
    default:
      throw new MappingError('content_format', 'Bodies are CBOR, JSON, text or bytes');
  }
}

function cborBody(payload: Uint8Array, session: ServerSession): Uint8Array {
  return decodeCborBody(payload, 'body', () => {
    // R27: who sends integer keys understands version 1.
    session.keyTable ??= 1;
  });
}
