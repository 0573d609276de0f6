import { type CoapOption, Code, ContentFormat, contentFormatOf, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { answerFormat, type BodyFormat, FORMAT_NUMBER } from './format.ts';
import { encodeJsonBody, parseJson, readMember, tryEncodeJsonBody } from './json-body.ts';
import { leanAnswer } from './lean/lean-session.ts';
import type { SyncReference } from './lean/sync-reference.ts';
import { MappingError, type MatrixError } from './mapping-error.ts';
import { type CoapParts, type HttpResponse, header } from './messages.ts';
import { Feature, PrivateOption } from './option-number.ts';
import { pack } from './packed-body.ts';
import type { Tagged } from './positions/server-positions.ts';
import type { AnswerContext } from './request-to-http.ts';
import { retryAfter } from './retry-after.ts';
import { acceptedFeatures, answeredForm, hasAgreed, type ServerSession, wantsExactCodes } from './server-session.ts';
import { basicCode, exactCode, statusOfCode } from './status-code.ts';

const EMPTY = new Uint8Array(0);

/** A CoAP response. */
export interface WrittenAnswer extends CoapParts {
  /** What later answers to the same observation may refer to once the client has acknowledged this one; `undefined`: nothing new. */
  readonly next: SyncReference | undefined;
}

/**
 * The CoAP response for what the homeserver answered: the code that this session's client understands, the body in the
 * format its request asked for (JSON in place of CBOR where the body has no CBOR form), Max-Age where a 429 or 503 says how long to wait (announced sessions). Clears the
 * sticky token after a logout and on M_UNKNOWN_TOKEN. Throws `MappingError` (`upstream`, a 502) for a status that is no
 * answer and for a body that is not JSON; nothing of either reaches the client.
 */
export function responseToCoap(response: HttpResponse, request: AnswerContext, session: ServerSession): WrittenAnswer {
  const { status } = response;
  const code = codeFor(status, request.safe, session);
  if (code === undefined) throw new MappingError('upstream', `The homeserver answered with status ${status}`);
  const body = convertBody(response, request, session);
  forgetToken(response, request, session);
  // RFC 8516, RFC 7252 5.9.3.4.
  const wait = status === 429 || status === 503 ? retryAfter(response) : undefined;
  if (request.echo !== undefined && status === 200) session.echoes.answered(request.echo, response.body);
  return { ...assemble({ ...body, code, status, wait, features: request.features }, session), next: body.next };
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
  const payload = format === 'json' ? json : encodeJsonBody(json, answeredForm(session), 'upstream');
  const code = coapCode ?? codeFor(status, true, session) ?? Code.InternalServerError;
  return assemble({ code, status, format, features: acceptedFeatures(request.options, session), payload }, session);
}

function codeFor(status: number, safe: boolean, session: ServerSession): number | undefined {
  return wantsExactCodes(session) ? exactCode(status, safe) : basicCode(status);
}

interface Body {
  readonly payload: Uint8Array;
  /** `packed` has no Content-Format: it is compressed, or it is `{}` and left out. */
  readonly format: BodyFormat | 'packed';
  /** The ETag, of news. */
  readonly tagged?: Tagged | undefined;
  readonly next?: SyncReference | undefined;
}

interface Answer extends Body {
  readonly code: number;
  readonly status: number;
  /** Seconds. */
  readonly wait?: number | undefined;
  readonly features: number | undefined;
}

function assemble(answer: Answer, session: ServerSession): CoapParts {
  const { code, status, wait, format, features, payload, tagged } = answer;
  const announced = features === undefined ? [] : [uintOption(PrivateOption.Features, features)];
  // RFC 7252 5.9.1.3: the client has that answer.
  if (tagged?.same) return { code: Code.Valid, options: [tagged.option, ...announced], payload: EMPTY };
  const exact = wantsExactCodes(session);
  const options: CoapOption[] = tagged === undefined ? [] : [tagged.option];
  const hasBody = payload.length > 0 || format === 'packed';
  if (payload.length > 0 && format !== 'packed') {
    options.push(uintOption(OptionNumber.ContentFormat, FORMAT_NUMBER[format]));
  }
  if (exact && wait !== undefined) options.push(uintOption(OptionNumber.MaxAge, wait));
  options.push(...announced);
  // Where no payload is `{}`, the status says that there is none indeed.
  const bare = !hasBody && hasAgreed(session, Feature.Deflate) && ELIDING.has(code);
  if (bare || (exact && statusOfCode(code, hasBody) !== status)) {
    options.push(uintOption(PrivateOption.HttpStatus, status));
  }
  return { code, options, payload };
}

/** The codes whose responses may leave `{}` out. */
const ELIDING: ReadonlySet<number> = new Set([Code.Content, Code.Changed]);

function convertBody({ status, body, headers }: HttpResponse, request: AnswerContext, session: ServerSession): Body {
  const { format, compression } = request;
  if (body.length === 0) return { payload: EMPTY, format };
  const type = header(headers, 'content-type');
  const labelled = type === undefined || contentFormatOf(type) === ContentFormat.Json;
  if (!labelled || (format === 'json' && parseJson(body) === undefined)) {
    throw new MappingError('upstream', 'The homeserver did not answer with JSON');
  }
  const form = answeredForm(session);
  const cbor = format === 'json' ? undefined : tryEncodeJsonBody(body, form);
  if (cbor === undefined) return { payload: body, format: 'json' };
  if (compression !== undefined && form.compression !== undefined && status === 200 && isEmptyMap(cbor)) {
    return { payload: EMPTY, format: 'packed' };
  }
  const tagged = status === 200 && request.asked !== undefined ? session.positions.tag(body, request.asked) : undefined;
  const lean = status === 200 ? leanAnswer(cbor, form, request, session) : undefined;
  const written = { tagged, next: lean?.next };
  const whole = lean?.cbor ?? cbor;
  const packed = status >= 200 && status < 300 ? pack(whole, compression ?? 'never', form) : undefined;
  return packed === undefined
    ? { payload: whole, format: 'cbor', ...written }
    : { payload: packed, format: 'packed', ...written };
}

function isEmptyMap(cbor: Uint8Array): boolean {
  return cbor.length === 1 && cbor[0] === 0xa0;
}

/** The session keeps a newer token: only the one that this request ran with can be cleared. */
function forgetToken(response: HttpResponse, request: AnswerContext, session: ServerSession): void {
  if (session.token !== request.token) return;
  const loggedOut = request.logout && response.status >= 200 && response.status < 300;
  const unknown = response.status === 401 && readMember(response.body, 'errcode') === 'M_UNKNOWN_TOKEN';
  if (loggedOut || unknown) session.token = undefined;
}
