import {
  type CoapOption,
  Code,
  ContentFormat,
  checkOptions,
  findOption,
  OptionNumber,
  uintValue,
} from '@lb-matrix/coap-codec';
import { readForm } from './body-form.ts';
import { type CompressionRule, compressible } from './compressible.ts';
import type { Compression } from './compression.ts';
import { answerFormat, type BodyFormat } from './format.ts';
import { decodeCborBody, isNewestCbor } from './json-body.ts';
import { type LeanQuestion, leanQuestionOf } from './lean/lean-session.ts';
import { isLogout } from './logout.ts';
import { MappingError } from './mapping-error.ts';
import type { CoapParts, HttpRequest } from './messages.ts';
import { Feature, mapperOptionRegistry } from './option-number.ts';
import { unpack } from './packed-body.ts';
import { restore } from './positions/restore.ts';
import type { Asked } from './positions/server-positions.ts';
import { acceptedFeatures, offersForms, reliedOn, rememberOptions, type ServerSession } from './server-session.ts';
import { isSlidingSync } from './sliding-sync.ts';
import { optionsToTarget, type TableUse } from './target.ts';

/** What `responseToCoap` has to know of the request it answers; it holds no body. */
export interface AnswerContext extends LeanQuestion {
  /** A safe method (GET, FETCH): success is then 2.05, not 2.04 (RFC 7252 5.8, RFC 8132 2.3.1). */
  readonly safe: boolean;
  readonly format: BodyFormat;
  /** How the body may be compressed, if that was agreed on; `undefined` when the request insists on its format. */
  readonly compression: CompressionRule | undefined;
  /** The token that the request ran with. Secret: never log it. */
  readonly token: string | undefined;
  /** The accepted bits, when the request announced itself. */
  readonly features: number | undefined;
  /** A 2xx answer ends the token's life. */
  readonly logout: boolean;
  /** What is asked for news, whose answer gets an ETag for where it leads; `undefined` for all else. */
  readonly asked: Asked | undefined;
}

export interface MappedRequest extends HttpRequest {
  readonly answer: AnswerContext;
}

/** FETCH is for sliding sync alone. */
const METHODS: ReadonlyMap<number, string> = new Map([
  [Code.FETCH, 'POST'],
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
 * a later part of the request is refused. FETCH means POST, where that is known to change nothing. Uri-Host, Observe and Block options belong to the layers around this one.
 * Throws `MappingError`, ready for `errorToCoap`, and nothing else.
 */
export function requestToHttp(request: CoapParts, session: ServerSession): MappedRequest {
  const options = usableOptions(request.options);
  rememberOptions(options, session);
  countHop(options);
  const method = METHODS.get(request.code);
  if (method === undefined) throw new MappingError('method', 'Unrecognized request method');
  const format = answerFormat(options);
  if (format === undefined) throw new MappingError('accept', 'Answers are JSON or CBOR');
  const relied = reliedOn(options, session);
  const named = optionsToTarget(options, tablesOf(relied, session));
  if (request.code === Code.FETCH && !isSlidingSync(named)) {
    throw new MappingError('method', 'FETCH is for sliding sync');
  }
  // RFC 7252 5.5: a payload where the method defines none is ignored.
  const read = method === 'GET' ? undefined : readBody(request, relied, session);
  const { target, body, asked } = restore({ method, target: named, body: read?.bytes }, options, relied, session);

  const { token } = session;
  const headers: [string, string][] = [['accept', 'application/json']];
  if (token !== undefined) headers.push(['authorization', `Bearer ${token}`]);
  if (body !== undefined) headers.push(['content-type', read?.type ?? 'application/json']);
  const features = acceptedFeatures(options, session);
  const safe = request.code === Code.GET || request.code === Code.FETCH;
  const insists = findOption(options, OptionNumber.Accept) !== undefined;
  const compression = insists ? undefined : compressible(method, target).response;
  const logout = isLogout(method, target);
  const lean = leanQuestionOf({ method, target, body }, relied, session);
  const answer: AnswerContext = { safe, format, compression, token, features, logout, asked, ...lean };
  return body === undefined ? { method, target, headers, answer } : { method, target, headers, body, answer };
}

function tablesOf(relied: number, session: ServerSession): TableUse {
  const version = (relied & Feature.Tables2) === 0 ? 1 : 2;
  return { prefix: session.pathPrefix, version, newest: offersForms(session) ? 2 : 1 };
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

/** RFC 8768 3: a request is not forwarded when its Hop-Limit is 0 after it has been decremented. */
function countHop(options: readonly CoapOption[]): void {
  const limit = uintValue(options, OptionNumber.HopLimit);
  if (limit === undefined) return;
  if (limit < 1 || limit > 255) throw new MappingError('bad_hop_limit', 'Hop-Limit is from 1 to 255');
  if (limit - 1 === 0) throw new MappingError('hop_limit', 'The request has gone through too many proxies');
}

interface Body {
  readonly type: string;
  readonly bytes: Uint8Array;
}

function readBody(request: CoapParts, relied: number, session: ServerSession): Body | undefined {
  const { options, payload } = request;
  // Existing clients mark even an absent body, as format 42.
  if (payload.length === 0) return undefined;
  switch (uintValue(options, OptionNumber.ContentFormat)) {
    case ContentFormat.Cbor:
      return { type: 'application/json', bytes: cborBody(payload, relied, session) };
    case undefined:
      return { type: 'application/json', bytes: unlabelledBody(payload, relied, session) };
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

/** Compressed where that was agreed on, else JSON. */
function unlabelledBody(payload: Uint8Array, relied: number, session: ServerSession): Uint8Array {
  const { compression } = session;
  if (compression !== undefined && (relied & Feature.Deflate) !== 0) {
    return cborBody(unpacked(payload, compression), relied, session);
  }
  // A client that believes to have agreed on compression: no JSON has such bytes, and hardly any DEFLATE has none.
  if (offersForms(session) && !isText(payload)) throw new MappingError('not_agreed', 'Compression was not agreed on');
  return payload;
}

function unpacked(payload: Uint8Array, compression: Compression): Uint8Array {
  try {
    return unpack(payload, compression);
  } catch {
    throw new MappingError('body', 'The body does not decompress to what is allowed');
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function isText(bytes: Uint8Array): boolean {
  if (bytes.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return false;
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function cborBody(payload: Uint8Array, relied: number, session: ServerSession): Uint8Array {
  try {
    return decodeCborBody(payload, readForm(relied, session.compression), 'body', () => {
      // R27: who sends integer keys understands version 1.
      session.keyTable ??= 1;
    });
  } catch (error) {
    // A client that believes to have agreed on more than this.
    if (offersForms(session) && isNewestCbor(payload))
      throw new MappingError('not_agreed', 'Such CBOR was not agreed on');
    throw error;
  }
}
