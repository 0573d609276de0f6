import { type CoapOption, Code, ContentFormat, contentFormatOf, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { bearerToken } from './access-token.ts';
import { type ClientSession, requestForm, stickyOptions, usableFeatures } from './client-session.ts';
import { compressible } from './compressible.ts';
import { encodeJsonBody } from './json-body.ts';
import { type LeanQuestion, leanQuestionFor } from './lean/lean-session.ts';
import { isLogout } from './logout.ts';
import { MappingError } from './mapping-error.ts';
import { type CoapParts, type HttpRequest, header } from './messages.ts';
import { Feature } from './option-number.ts';
import { pack } from './packed-body.ts';
import { isEnum } from './path-table.ts';
import type { Asking } from './positions/client-positions.ts';
import { tagOption } from './positions/tag.ts';
import { isSlidingSync } from './sliding-sync.ts';
import { targetToOptions } from './target.ts';

/** How one request is mapped. */
export interface RequestOptions {
  /**
   * A POST of sliding sync as FETCH (RFC 8132), so that it can be observed: for servers that have accepted option 65002
   * (`session.features` is not `undefined`). Default false.
   */
  readonly asFetch?: boolean;
  /**
   * It will be observed (RFC 7641): what observes names its position itself, and notifications have no ETag. Default false.
   */
  readonly observed?: boolean;
}

/** A mapped request; hand it to `responseToHttp` with its response. */
export interface MappedCoapRequest extends CoapParts, LeanQuestion {
  /** A 2xx answer ends the token's life. */
  readonly logout: boolean;
  /** The bits of option 65002 that its form relies on the server to remember. */
  readonly agreed: number;
  /** What it asks for news with, if its position may be named by an ETag; `undefined` for all else. */
  readonly asking: Asking | undefined;
}

const CODES: ReadonlyMap<string, number> = new Map([
  ['GET', Code.GET],
  ['POST', Code.POST],
  ['PUT', Code.PUT],
  ['DELETE', Code.DELETE],
]);

/** The formats of bodies that servers take. */
const CARRIED: readonly number[] = [
  ContentFormat.Json,
  ContentFormat.Cbor,
  ContentFormat.TextPlain,
  ContentFormat.OctetStream,
];

const EMPTY = new Uint8Array(0);

/**
 * The CoAP request for an HTTP request, in as few bytes as the session allows: a path enum, a token only until the server
 * has it, no Accept (CBOR is what servers answer unasked). Of the headers only `authorization`, `content-type` and
 * (untranscoded) `accept` count; no other has a meaning in the Matrix client API. Throws `MappingError`: `method`,
 * `target`, `dot_segment`, `too_long`, `query_too_long`, `token`, `token_bound`, `content_format`, `body`.
 */
export function requestToCoap(
  request: HttpRequest,
  session: ClientSession,
  { asFetch = false, observed = false }: RequestOptions = {},
): MappedCoapRequest {
  const method = request.method.toUpperCase();
  const code = codeOf(method, request, asFetch);
  const agreed = usableFeatures(session);
  const { options, sent, asking } = observed ? inFull(request, session) : inShort(request, session);
  const body = writeBody(method, { ...request, body: sent }, session);
  if (body.format !== undefined) options.push(uintOption(OptionNumber.ContentFormat, body.format));
  const accept = session.transcode ? undefined : acceptedFormat(request);
  if (accept !== undefined) options.push(uintOption(OptionNumber.Accept, accept));
  // Last, so that a request that cannot be mapped leaves the session as it was.
  const authorization = header(request.headers, 'authorization');
  options.push(...stickyOptions(authorization === undefined ? undefined : bearerToken(authorization), session));
  options.sort((a, b) => a.number - b.number);
  const lean = leanQuestionFor({ ...request, method }, session);
  return { code, options, payload: body.bytes, logout: isLogout(method, request.target), agreed, asking, ...lean };
}

interface Question {
  readonly options: CoapOption[];
  /** The body, as far as it is sent. */
  readonly sent: Uint8Array | undefined;
  readonly asking: Asking | undefined;
}

function inFull({ target, body }: HttpRequest, session: ClientSession, asking?: Asking): Question {
  return { options: targetOptions(target, session), sent: body, asking };
}

/** With an ETag for what the server knows of where a request for news goes on from. */
function inShort(request: HttpRequest, session: ClientSession): Question {
  const { target, again, body, asking } = session.positions.shorten(request);
  const agreed = (usableFeatures(session) & Feature.Tables2) !== 0;
  const options = agreed && asking?.from !== undefined ? targetOptions(target, session) : [];
  const path = options.filter(({ number }) => number === OptionNumber.UriPath);
  // A server that has lost all of it knows by the enum that something was agreed on. Without a query it takes the one before.
  const isClear = path.length === 1 && isEnum([new TextDecoder().decode(path[0]!.value)]);
  if (asking?.from === undefined || !isClear || (!again && path.length === options.length)) {
    return inFull(request, session, asking && { ...asking, from: undefined });
  }
  return { options: [...(again ? path : options), tagOption(asking.from.tag)], sent: body, asking };
}

function targetOptions(target: string, session: ClientSession): CoapOption[] {
  return targetToOptions(target, {
    pathEnums: session.pathEnums,
    pathTable: (usableFeatures(session) & Feature.Tables2) === 0 ? 1 : 2,
    longQuery: session.features !== undefined,
  });
}

function codeOf(method: string, request: HttpRequest, asFetch: boolean): number {
  if (asFetch) {
    if (method === 'POST' && isSlidingSync(request.target)) return Code.FETCH;
    throw new MappingError('method', 'Only a POST of sliding sync can be a FETCH');
  }
  const code = CODES.get(method);
  if (code === undefined) throw new MappingError('method', `${request.method} has no CoAP form in MSC3079`);
  return code;
}

type Written = Pick<HttpRequest, 'target' | 'headers'> & { readonly body: Uint8Array | undefined };

interface Body {
  readonly bytes: Uint8Array;
  readonly format: number | undefined;
}

function writeBody(method: string, request: Written, session: ClientSession): Body {
  const { body } = request;
  if (body === undefined || body.length === 0) return { bytes: EMPTY, format: undefined };
  // RFC 7252 5.5: a sender never includes a payload where the method defines none.
  if (method === 'GET') throw new MappingError('body', 'A GET request has no body');
  const type = header(request.headers, 'content-type');
  const format = type === undefined ? undefined : contentFormatOf(type);
  if (type !== undefined && (format === undefined || !CARRIED.includes(format))) {
    throw new MappingError('content_format', 'Bodies are JSON, CBOR, text or bytes');
  }
  const json = format === undefined || format === ContentFormat.Json;
  return session.transcode && json ? cborBody(method, request.target, body, session) : { bytes: body, format };
}

function cborBody(method: string, target: string, json: Uint8Array, session: ClientSession): Body {
  const form = requestForm(session);
  const cbor = encodeJsonBody(json, form, 'body');
  const packed = pack(cbor, compressible(method, target).request, form);
  return packed === undefined ? { bytes: cbor, format: ContentFormat.Cbor } : { bytes: packed, format: undefined };
}

function acceptedFormat(request: HttpRequest): number | undefined {
  const accept = header(request.headers, 'accept');
  const format = accept === undefined ? undefined : contentFormatOf(accept);
  return format === ContentFormat.Json || format === ContentFormat.Cbor ? format : undefined;
}
