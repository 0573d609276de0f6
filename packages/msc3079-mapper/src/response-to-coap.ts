import { type CoapOption, Code, ContentFormat, contentFormatOf, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { answerFormat, type BodyFormat, FORMAT_NUMBER } from './format.ts';
import { encodeJsonBody, parseJson, readMember, tryEncodeJsonBody } from './json-body.ts';
import { MappingError, type MatrixError } from './mapping-error.ts';
import { type CoapParts, type HttpResponse, header } from './messages.ts';
import { PrivateOption } from './option-number.ts';
import type { AnswerContext } from './request-to-http.ts';
import { retryAfter } from './retry-after.ts';
import { acceptedFeatures, type ServerSession, wantsExactCodes } from './server-session.ts';
import { basicCode, exactCode, statusOfCode } from './status-code.ts';

const EMPTY = new Uint8Array(0);

/**
 * The CoAP response for what the homeserver answered: the code that this session's client understands, the body in the
 * format its request asked for (JSON in place of CBOR where the body has no CBOR form), Max-Age where a 429 or 503 says how long to wait (announced sessions). Clears the
 * sticky token after a logout and on M_UNKNOWN_TOKEN. Throws `MappingError` (`upstream`, a 502) for a status that is no
 * answer and for a body that is not JSON; nothing of either reaches the client.
 */
export function responseToCoap(response: HttpResponse, request: AnswerContext, session: ServerSession): CoapParts {
  const { status } = response;
  const code = codeFor(status, request.safe, session);
  if (code === undefined) throw new MappingError('upstream', `The homeserver answered with status ${status}`);
  const { payload, format } = convertBody(response, request.format, session);
  forgetToken(response, request, session);
  // RFC 8516, RFC 7252 5.9.3.4.
  const wait = status === 429 || status === 503 ? retryAfter(response) : undefined;
  return assemble({ code, status, wait, format, features: request.features, payload }, session);
}

/**
 * A Matrix error as the CoAP response to `request`: code as for a homeserver's answer of that status, body in the format
 * the request asked for (CBOR when it asked for one that does not exist). For every `MappingError`, and for what the
 * server itself has to say: `errorToCoap({ status: 504, errcode: 'M_UNKNOWN', message: '…' }, request, session)`.
 */
export function errorToCoap(
  error: MatrixError,
  request: Pick<CoapParts, 'options'>,
  session: ServerSession,
): CoapParts {
  const { status, errcode, message, coapCode } = error;
  const format = answerFormat(request.options) ?? 'cbor';
  const json = new TextEncoder().encode(JSON.stringify({ errcode, error: message }));
  const payload = format === 'json' ? json : encodeJsonBody(json, session.keyTable, 'upstream');
  const code = coapCode ?? codeFor(status, true, session) ?? Code.InternalServerError;
  return assemble({ code, status, format, features: acceptedFeatures(request.options, session), payload }, session);
}

function codeFor(status: number, safe: boolean, session: ServerSession): number | undefined {
  return wantsExactCodes(session) ? exactCode(status, safe) : basicCode(status);
}

interface Body {
  readonly payload: Uint8Array;
  readonly format: BodyFormat;
}

interface Answer extends Body {
  readonly code: number;
  readonly status: number;
  /** Seconds. */
  readonly wait?: number | undefined;
  readonly features: number | undefined;
}

function assemble({ code, status, wait, format, features, payload }: Answer, session: ServerSession): CoapParts {
  const exact = wantsExactCodes(session);
  const options: CoapOption[] = [];
  if (payload.length > 0) options.push(uintOption(OptionNumber.ContentFormat, FORMAT_NUMBER[format]));
  if (exact && wait !== undefined) options.push(uintOption(OptionNumber.MaxAge, wait));
  if (features !== undefined) options.push(uintOption(PrivateOption.Features, features));
  if (exact && statusOfCode(code, payload.length > 0) !== status) {
    options.push(uintOption(PrivateOption.HttpStatus, status));
  }
  return { code, options, payload };
}

function convertBody({ body, headers }: HttpResponse, format: BodyFormat, session: ServerSession): Body {
  if (body.length === 0) return { payload: EMPTY, format };
  const type = header(headers, 'content-type');
  const labelled = type === undefined || contentFormatOf(type) === ContentFormat.Json;
  if (!labelled || (format === 'json' && parseJson(body) === undefined)) {
    throw new MappingError('upstream', 'The homeserver did not answer with JSON');
  }
  const cbor = format === 'json' ? undefined : tryEncodeJsonBody(body, session.keyTable);
  return cbor === undefined ? { payload: body, format: 'json' } : { payload: cbor, format: 'cbor' };
}

/** The session keeps a newer token: only the one that this request ran with can be cleared. */
function forgetToken(response: HttpResponse, request: AnswerContext, session: ServerSession): void {
  if (session.token !== request.token) return;
  const loggedOut = request.logout && response.status >= 200 && response.status < 300;
  const unknown = response.status === 401 && readMember(response.body, 'errcode') === 'M_UNKNOWN_TOKEN';
  if (loggedOut || unknown) session.token = undefined;
}
