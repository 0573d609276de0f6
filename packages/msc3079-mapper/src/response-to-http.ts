import {
  Code,
  ContentFormat,
  codeClass,
  codeToString,
  mediaTypeOf,
  OptionNumber,
  uintValue,
} from '@lb-matrix/coap-codec';
import type { BodyForm } from './body-form.ts';
import { answerForm, type ClientSession, dropToken, settleOptions } from './client-session.ts';
import type { Compression } from './compression.ts';
import { decodeCborBody, readMember } from './json-body.ts';
import { isLean } from './lean/header.ts';
import { wholeAnswer } from './lean/lean-session.ts';
import type { SyncReference } from './lean/sync-reference.ts';
import { MappingError } from './mapping-error.ts';
import type { CoapParts, HttpResponse } from './messages.ts';
import { Feature, PrivateOption } from './option-number.ts';
import { unpack } from './packed-body.ts';
import { tagIn } from './positions/tag.ts';
import type { MappedCoapRequest } from './request-to-coap.ts';
import { FORMS } from './server-session.ts';
import { statusOfCode } from './status-code.ts';

/**
 * Codes that may come from a layer in front of the server's mapper, which then has not seen the request's options: bad
 * option, block-wise transfer, overload, no proxy.
 */
const BEFORE_MAPPER: ReadonlySet<number> = new Set([
  Code.BadRequest,
  Code.BadOption,
  Code.RequestEntityIncomplete,
  Code.RequestEntityTooLarge,
  Code.ServiceUnavailable,
  Code.ProxyingNotSupported,
]);

/** An HTTP response. */
export interface ReadAnswer extends HttpResponse {
  /** For the next notification of the same observation: what it may refer to. */
  readonly known: readonly SyncReference[];
}

/**
 * The HTTP response that a CoAP response to `request` means: its status (option 65006 when it fits the code), the body
 * as JSON (or as it came, in a session that does not transcode), `content-type`, and `retry-after` from Max-Age for 429
 * and 503. An error whose payload is text, or that has none, gets a Matrix error body. Tells the session what the server
 * knows by now. Call `keyTableRefused` before. Throws `MappingError`: `response` for a code that is no final response
 * and for CBOR that is none; `unknown_reference`, to which `leaveLean` is the answer.
 *
 * @param known - for a notification (RFC 7641) what came with the one before it; default: what the request says
 */
export function responseToHttp(
  response: CoapParts,
  request: MappedCoapRequest,
  session: ClientSession,
  known: readonly SyncReference[] = request.reference === undefined ? [] : [request.reference],
): ReadAnswer {
  const { code, options } = response;
  const accepted = uintValue(options, PrivateOption.Features);
  const announced = request.options.some(({ number }) => number === PrivateOption.Features);
  if (accepted !== undefined && announced) session.agreed = accepted & session.announced;
  const form = answerForm(announced ? 0 : request.agreed, session);
  const same = code === Code.Valid ? request.asking?.from : undefined;
  const elided = isElided(response, form);
  const status = same === undefined ? statusOf(response, elided) : 200;
  const read =
    same !== undefined
      ? sameAgain(same.answer)
      : elided
        ? EMPTY_OBJECT
        : session.transcode
          ? readBody(response, form, session, known)
          : rawBody(response);
  const { body, type } = read;
  const tag = status === 200 && (session.agreed & Feature.Tables2) !== 0 ? tagIn(options) : undefined;
  if (tag !== undefined && request.asking !== undefined && same === undefined) {
    session.positions.learn(tag, body, request.asking);
  }

  if (request.echo !== undefined && status === 200) session.echoes.answered(request.echo, body);
  if (!BEFORE_MAPPER.has(code)) settleOptions(request.options, session);
  // An announcement that came late has taken the place of a newer one.
  if (announced && ((accepted ?? 0) & ~session.announced) !== 0) session.unsettled.add(PrivateOption.Features);
  session.features = accepted ?? session.features;
  if ((request.logout && status < 300) || isUnknownToken(status, response, form, session)) dropToken(session);

  const headers: [string, string][] = [];
  if (type !== undefined) headers.push(['content-type', type]);
  // RFC 8075 section 7, note 8; RFC 8516.
  const maxAge = uintValue(options, OptionNumber.MaxAge);
  if (maxAge !== undefined && (status === 429 || status === 503)) headers.push(['retry-after', String(maxAge)]);
  return { status, headers, body, known: read.known ?? known };
}

/**
 * True when the server refused option 257 (4.02 to a request that carried it): it does not know the option or the table.
 * The session has then stopped asking, and the caller maps the HTTP request again and sends it once more.
 */
export function keyTableRefused(
  response: Pick<CoapParts, 'code'>,
  request: Pick<CoapParts, 'options'>,
  session: ClientSession,
): boolean {
  const carried = request.options.some(({ number }) => number === OptionNumber.CborKeys);
  if (response.code !== Code.BadOption || !carried) return false;
  session.unsettled.delete(OptionNumber.CborKeys);
  return true;
}

/**
 * True when the server has lost what this session had agreed on with it (4.15 to a request that relied on it), or has misread a
 * request that was written in forms which it does not accept: refused it, or answered a mere question, perhaps as another one.
 * The session has then gone back to plain MSC3079 and announces itself anew; the caller maps the HTTP request again and sends it once more.
 */
export function featuresLost(
  response: Pick<CoapParts, 'code' | 'options'>,
  request: Pick<MappedCoapRequest, 'agreed' | 'code' | 'options'>,
  session: ClientSession,
): boolean {
  const relied = request.agreed & FORMS;
  const lost = relied !== 0 && response.code === Code.UnsupportedContentFormat;
  const accepted = uintValue(response.options, PrivateOption.Features);
  if (!lost && !isMisread(response.code, accepted, relied, request)) return false;
  session.begun = 0;
  session.agreed = 0;
  // Long-Query and FETCH are not for whoever does not know the option.
  if (!lost && accepted === undefined) session.features = undefined;
  session.positions.clear();
  session.unsettled.add(PrivateOption.Features);
  // With it, it has lost the token.
  if (session.token !== undefined) session.unsettled.add(OptionNumber.Authorization);
  return true;
}

function isMisread(
  code: number,
  accepted: number | undefined,
  relied: number,
  request: Pick<MappedCoapRequest, 'code' | 'options'>,
): boolean {
  const has = (wanted: number): boolean => request.options.some(({ number }) => number === wanted);
  const unknown = (relied & ~(accepted ?? 0)) !== 0 || (accepted === undefined && has(PrivateOption.LongQuery));
  if (!unknown || !has(PrivateOption.Features)) return false;
  // A short name in a query is any name to others: without its `since` a /sync is answered from the beginning.
  const isQuestion = request.code === Code.GET || request.code === Code.FETCH;
  return codeClass(code) === 4 || (codeClass(code) === 2 && isQuestion);
}

/**
 * True when the server does not know the position that an ETag of this request stands for (4.12). The session has then
 * forgotten it; the caller maps the HTTP request again and sends it once more.
 */
export function positionLost(
  response: Pick<CoapParts, 'code'>,
  request: Pick<MappedCoapRequest, 'asking'>,
  session: ClientSession,
): boolean {
  if (response.code !== Code.PreconditionFailed || request.asking?.from === undefined) return false;
  session.positions.forget(request.asking);
  return true;
}

/** Where compression was agreed on, a success without payload is `{}`, unless option 65006 says that there is none. */
function isElided({ code, options, payload }: CoapParts, { compression }: BodyForm): boolean {
  if (compression === undefined || payload.length > 0) return false;
  return (code === Code.Content || code === Code.Changed) && uintValue(options, PrivateOption.HttpStatus) === undefined;
}

function statusOf({ code, options, payload }: CoapParts, elided: boolean): number {
  const status = statusOfCode(code, payload.length > 0 || elided);
  if (status === undefined) throw new MappingError('response', `${codeToString(code)} is not a response`);
  const exact = uintValue(options, PrivateOption.HttpStatus);
  return exact !== undefined && Math.floor(exact / 100) === code >> 5 ? exact : status;
}

function isUnknownToken(status: number, response: CoapParts, form: BodyForm, session: ClientSession): boolean {
  return status === 401 && readMember(readBody(response, form, session, []).body, 'errcode') === 'M_UNKNOWN_TOKEN';
}

interface Body {
  readonly body: Uint8Array;
  readonly type: string | undefined;
  /** Of a lean body. */
  readonly known?: readonly SyncReference[];
}

function rawBody({ options, payload }: CoapParts): Body {
  const format = uintValue(options, OptionNumber.ContentFormat);
  return { body: payload, type: payload.length === 0 || format === undefined ? undefined : mediaTypeOf(format) };
}

/** The answer that the request went on from. */
function sameAgain(answer: Uint8Array | undefined): Body {
  if (answer === undefined) throw new MappingError('response', 'The answer that this is to be equal to was too long');
  return { body: answer, type: 'application/json' };
}

const EMPTY_OBJECT: Body = { body: Uint8Array.of(0x7b, 0x7d), type: 'application/json' };

function readBody(response: CoapParts, form: BodyForm, session: ClientSession, known: readonly SyncReference[]): Body {
  const { code, options, payload } = response;
  const error = code >> 5 !== 2;
  if (payload.length === 0) return error ? errorBody(codeToString(code)) : { body: payload, type: undefined };
  const format = uintValue(options, OptionNumber.ContentFormat);
  if (format === ContentFormat.OctetStream) return rawBody(response);
  const isPacked = format === undefined && !error && form.compression !== undefined;
  const cbor = isPacked ? unpacked(payload, form.compression) : payload;
  // Existing servers label CBOR as JSON, and their pushes as anything. No JSON text starts with a byte of 0x80 and above,
  // and a CBOR map or array with nothing below.
  if (isPacked || format === ContentFormat.Cbor || payload[0]! >= 0x80) {
    const whole = isLean(cbor) ? wholeAnswer(cbor, form, known, session) : { cbor };
    return { ...whole, body: decodeCborBody(whole.cbor, form, 'response'), type: 'application/json' };
  }
  // RFC 7252 5.5.2: an error's payload may be a diagnostic message, and existing servers label it as JSON.
  if (error && payload[0] !== 0x7b) return errorBody(new TextDecoder().decode(payload));
  if (format === ContentFormat.TextPlain) return rawBody(response);
  return { body: payload, type: 'application/json' };
}

function unpacked(payload: Uint8Array, compression: Compression): Uint8Array {
  try {
    return unpack(payload, compression);
  } catch {
    throw new MappingError('response', 'The body does not decompress to what is allowed');
  }
}

function errorBody(message: string): Body {
  const json = JSON.stringify({ errcode: 'M_UNKNOWN', error: message });
  return { body: new TextEncoder().encode(json), type: 'application/json' };
}
