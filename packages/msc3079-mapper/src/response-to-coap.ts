import { type CoapOption, Code, ContentFormat, contentFormatOf, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { answerFormat, type BodyFormat, FORMAT_NUMBER } from './format.ts';
import { encodeJsonBody } from './json-body.ts';
import { MappingError, type MatrixError } from './mapping-error.ts';
import { type CoapParts, type HttpResponse, header } from './messages.ts';
import { PrivateOption } from './option-number.ts';
import type { AnswerContext } from './request-to-http.ts';
import { readMember, retryAfter } from './retry-after.ts';
import { acceptedFeatures, type ServerSession, wantsExactCodes } from './server-session.ts';
import { basicCode, exactCode, statusOfCode } from './status-code.ts';

const EMPTY = new Uint8Array(0);

/**
 * The CoAP response for what the homeserver answered: the code that this session's client understands, the body in the
 * format its request asked for, Max-Age where a 429 or 503 says how long to wait (announced sessions). Clears the
 * sticky token after a logout and on M_UNKNOWN_TOKEN. Throws `MappingError` (`upstream`, a 502) for a status that is no
 * answer and for a body that is not JSON; nothing of either reaches the client.
 */
export function responseToCoap(response: HttpResponse, request: AnswerContext, session: ServerSession): CoapParts {
  const { status } = response;
  const exact = wantsExactCodes(session);
  const code = exact ? exactCode(status, request.method === 'GET') : basicCode(status);
  if (code === undefined) throw new MappingError('upstream', `The homeserver answered with status ${status}`);
  const payload = convertBody(response, request.format, session);
  forgetToken(response, request, session);

  const options: CoapOption[] = [];
  if (payload.length > 0) options.push(uintOption(OptionNumber.ContentFormat, FORMAT_NUMBER[request.format]));
  // RFC 8516, RFC 7252 5.9.3.4.
  const wait = exact && (status === 429 || status === 503) ? retryAfter(response) : undefined;
  if (wait !== undefined) options.push(uintOption(OptionNumber.MaxAge, wait));
  if (request.features !== undefined) options.push(uintOption(PrivateOption.Features, request.features));
  if (exact && statusOfCode(code, payload.length > 0) !== status) {
    options.push(uintOption(PrivateOption.HttpStatus, status));
  }
  return { code, options, payload };
}

function convertBody({ body, headers }: HttpResponse, format: BodyFormat, session: ServerSession): Uint8Array {
  if (body.length === 0) return EMPTY;
  const type = header(headers, 'content-type');
  if (type !== undefined && contentFormatOf(type) !== ContentFormat.Json) {
    throw new MappingError('upstream', 'The homeserver did not answer with JSON');
  }
  const cbor = encodeJsonBody(body, session.keyTable, 'upstream');
  return format === 'cbor' ? cbor : body;
}

/** The session keeps a newer token: only the one that this request ran with can be cleared. */
function forgetToken(response: HttpResponse, request: AnswerContext, session: ServerSession): void {
  if (session.token !== request.token) return;
  const loggedOut = request.logout && response.status >= 200 && response.status < 300;
  const unknown = response.status === 401 && readMember(response.body, 'errcode') === 'M_UNKNOWN_TOKEN';
  if (loggedOut || unknown) session.token = undefined;
}

/**
 * A Matrix error as the CoAP response to `request`: code as for a homeserver's answer of that status, body in the format
 * the request asked for (CBOR when it asked for one that does not exist). For every `MappingError`, and for what the
 * server itself has to say: `errorToCoap({ status: 504, errcode: 'M_UNKNOWN', message: '…' }, request, session)`.
 * Throws nothing for statuses 400-599.
 */
export function errorToCoap(
  error: MatrixError,
  request: Pick<CoapParts, 'options'>,
  session: ServerSession,
): CoapParts {
  const format = answerFormat(request.options) ?? 'cbor';
  const exact = wantsExactCodes(session);
  const code = error.coapCode ?? (exact ? exactCode(error.status, false) : basicCode(error.status));
  const json = new TextEncoder().encode(JSON.stringify({ errcode: error.errcode, error: error.message }));
  const payload = format === 'json' ? json : encodeJsonBody(json, session.keyTable, 'upstream');
  const options = [uintOption(OptionNumber.ContentFormat, FORMAT_NUMBER[format])];
  const features = acceptedFeatures(request.options, session);
  if (features !== undefined) options.push(uintOption(PrivateOption.Features, features));
  return { code: code ?? Code.InternalServerError, options, payload };
}
