import { Code, ContentFormat, contentFormatOf, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { bearerToken } from './access-token.ts';
import { type ClientSession, requestForm, stickyOptions, usableFeatures } from './client-session.ts';
import { compressible } from './compressible.ts';
import { encodeJsonBody } from './json-body.ts';
import { isLogout } from './logout.ts';
import { MappingError } from './mapping-error.ts';
import { type CoapParts, type HttpRequest, header } from './messages.ts';
import { Feature } from './option-number.ts';
import { pack } from './packed-body.ts';
import { isSlidingSync } from './sliding-sync.ts';
import { targetToOptions } from './target.ts';

/** How one request is mapped. */
export interface RequestOptions {
  /**
   * A POST of sliding sync as FETCH (RFC 8132), so that it can be observed: for servers that have accepted option 65002
   * (`session.features` is not `undefined`). Default false.
   */
  readonly asFetch?: boolean;
}

/** A mapped request; hand it to `responseToHttp` with its response. */
export interface MappedCoapRequest extends CoapParts {
  /** A 2xx answer ends the token's life. */
  readonly logout: boolean;
  /** The bits of option 65002 that its form relies on the server to remember. */
  readonly agreed: number;
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
  { asFetch = false }: RequestOptions = {},
): MappedCoapRequest {
  const method = request.method.toUpperCase();
  const code = codeOf(method, request, asFetch);
  const agreed = usableFeatures(session);
  const options = targetToOptions(request.target, {
    pathEnums: session.pathEnums,
    pathTable: (agreed & Feature.Tables2) === 0 ? 1 : 2,
    longQuery: session.features !== undefined,
  });
  const body = writeBody(method, request, session);
  if (body.format !== undefined) options.push(uintOption(OptionNumber.ContentFormat, body.format));
  const accept = session.transcode ? undefined : acceptedFormat(request);
  if (accept !== undefined) options.push(uintOption(OptionNumber.Accept, accept));
  // Last, so that a request that cannot be mapped leaves the session as it was.
  const authorization = header(request.headers, 'authorization');
  options.push(...stickyOptions(authorization === undefined ? undefined : bearerToken(authorization), session));
  options.sort((a, b) => a.number - b.number);
  return { code, options, payload: body.bytes, logout: isLogout(method, request.target), agreed };
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

interface Body {
  readonly bytes: Uint8Array;
  readonly format: number | undefined;
}

function writeBody(method: string, request: HttpRequest, session: ClientSession): Body {
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
