import { ContentFormat, contentFormatOf } from '@lb-matrix/coap-codec';
import type { Platform } from '@lb-matrix/coap-endpoint';
import { CborError, decodeToJson, encodeJson, type KeyTable, keyTable } from '@lb-matrix/lb-cbor-keys';
import {
  type HttpRequest,
  type HttpResponse,
  hasDotSegment,
  type LowBandwidthOffer,
  MappingError,
} from '@lb-matrix/msc3079-mapper';
import { acceptsCbor } from './accept.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import type { Gateway, Outcome } from './gateway.ts';
import { forwardRequestHeaders, forwardResponseHeaders, headerValue, withoutHeaders } from './headers.ts';
import { matrixResponse } from './matrix-response.ts';
import { advertise, asksForVersions, BODY_HEADERS } from './versions.ts';

export interface HttpHandlerOptions {
  readonly gateway: Gateway;
  readonly platform: Platform;
  /** What /versions says of this server. */
  readonly offer: LowBandwidthOffer;
  readonly forwardClientAddress: boolean;
  readonly onExchange: ((record: ExchangeRecord) => void) | undefined;
}

/** What an HTTP server knows of a request besides its bytes. */
export interface HttpContext {
  /** The client's address, for X-Forwarded-For and the log. */
  readonly peer?: { readonly address: string; readonly port: number } | undefined;
  /** Aborted when the client does not wait any more. */
  readonly signal?: AbortSignal | undefined;
}

export type HttpHandler = (request: HttpRequest, context?: HttpContext) => Promise<HttpResponse>;

/** A body in JSON, and the keys that the answer may have. */
interface JsonRequest {
  readonly request: HttpRequest;
  readonly keys: KeyTable | undefined;
}

/** Answers HTTP requests with what the homeserver says, in CBOR for those who ask for it (R5, R6, R7). */
export function createHttpHandler(options: HttpHandlerOptions): HttpHandler {
  const { gateway, platform, offer, forwardClientAddress, onExchange } = options;

  return async (request, { peer, signal } = {}) => {
    const started = platform.now();
    const requestIsCbor = isOfFormat(request, ContentFormat.Cbor);
    const wantsCbor = acceptsCbor(headerValue(request.headers, 'accept'), requestIsCbor);
    const json = toJsonRequest(request, requestIsCbor, wantsCbor, forwardClientAddress ? peer?.address : undefined);
    const { response, error } = 'request' in json ? await ask(json.request, signal) : json;
    const keys = 'request' in json ? json.keys : undefined;
    const answer = wantsCbor ? toCborResponse(response, keys) : response;
    onExchange?.({
      transport: 'http',
      method: request.method,
      path: request.target.split('?', 1)[0]!,
      status: answer.status,
      requestBytes: request.body?.length ?? 0,
      responseBytes: answer.body.length,
      milliseconds: platform.now() - started,
      peer,
      error,
    });
    return answer;
  };

  async function ask(request: HttpRequest, signal: AbortSignal | undefined): Promise<Outcome> {
    const { response, error } = await gateway.ask(request, signal);
    try {
      const { status, headers, body } = advertise(request, response, offer);
      // The length is what the HTTP server writes, not what the homeserver wrote.
      const forwarded = withoutHeaders(forwardResponseHeaders(headers), 'content-length');
      return { response: { status, headers: forwarded, body }, error };
    } catch (unusable) {
      if (!(unusable instanceof MappingError)) throw unusable;
      return { response: matrixResponse(unusable.status, unusable.errcode, unusable.message), error: unusable };
    }
  }
}

/** The request as the homeserver gets it, or the answer to one that it does not get. */
function toJsonRequest(
  { method, target, headers, body = new Uint8Array(0) }: HttpRequest,
  isCbor: boolean,
  wantsCbor: boolean,
  clientAddress: string | undefined,
): JsonRequest | Outcome {
  if (!/^\/[!-~]*$/.test(target) || target.split('?', 1)[0]!.split('/').some(hasDotSegment)) {
    return { response: matrixResponse(400, 'M_INVALID_PARAM', 'Malformed path') };
  }
  // Bodies are read here, so the homeserver is not to compress them.
  const forwarded = withoutHeaders(forwardRequestHeaders(headers, clientAddress), 'accept-encoding', 'content-length');
  const outgoing = wantsCbor || isCbor ? replaceHeader(forwarded, 'accept', 'application/json') : forwarded;
  if (body.length === 0) return { request: { method, target, headers: outgoing }, keys: undefined };
  if (!isCbor) return { request: { method, target, headers: outgoing, body }, keys: undefined };
  try {
    // R27: who sends integer keys understands version 1. HTTP has no option 257 and no session.
    let keys: KeyTable | undefined;
    const onIntegerKeys = (): void => {
      keys = keyTable(1);
    };
    const json = decodeToJson(body, { onIntegerKeys });
    const asJson = replaceHeader(outgoing, 'content-type', 'application/json');
    return { request: { method, target, headers: asJson, body: json }, keys };
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    if (error.reason === 'too_large') return { response: matrixResponse(413, 'M_TOO_LARGE', 'Body too large') };
    return {
      response: matrixResponse(400, 'M_NOT_JSON', `The body is not the CBOR of a JSON value (${error.reason})`),
    };
  }
}

/** An answer in JSON as CBOR; any other, such as a picture, as it is: HTTP tells them apart by Content-Type. */
function toCborResponse(response: HttpResponse, keys: KeyTable | undefined): HttpResponse {
  if (response.body.length === 0 || !isOfFormat(response, ContentFormat.Json)) return response;
  try {
    const headers = withoutHeaders(response.headers, ...BODY_HEADERS);
    return {
      status: response.status,
      headers: replaceHeader(headers, 'content-type', 'application/cbor'),
      body: encodeJson(response.body, { keys }),
    };
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    // JSON without a CBOR form, such as an integer beyond 64 bits: over HTTP the label says which of the two it is.
    if (error.code === 'refused' || error.code === 'limit') return response;
    return toCborResponse(matrixResponse(502, 'M_UNKNOWN', 'The homeserver did not answer with JSON'), undefined);
  }
}

/**
 * Whether an HTTP request is one for `handleHttp`: CBOR comes in or is to come out, or its answer is completed. A reverse
 * proxy may stream every other straight through.
 */
export function concernsLowBandwidth(request: HttpRequest): boolean {
  const isCbor = isOfFormat(request, ContentFormat.Cbor);
  return isCbor || acceptsCbor(headerValue(request.headers, 'accept'), isCbor) || asksForVersions(request);
}

function isOfFormat({ headers }: Pick<HttpRequest, 'headers'>, format: number): boolean {
  const type = headerValue(headers, 'content-type');
  return type !== undefined && contentFormatOf(type) === format;
}

function replaceHeader(headers: HttpRequest['headers'], name: string, value: string): [string, string][] {
  return [...withoutHeaders(headers, name), [name, value]];
}
