import { isObject, parseJson } from '../json-body.ts';
import type { SyncKind } from './sync-question.ts';

/** A request for news, as either end writes it. */
export interface NewsRequest {
  readonly kind: SyncKind;
  /** Without its position. */
  readonly target: string;
  /** In full. */
  readonly body: Uint8Array | undefined;
}

/** Where an answer leads, as both ends of a connection know it. */
export interface Place {
  readonly kind: SyncKind;
  readonly position: string;
  /** The target of the next request without its position, if the app asks the same again. */
  readonly target: string;
  /** What the body of the next request of sliding sync is if the app changes nothing in it, as JSON. */
  readonly body: string | undefined;
}

/** The longest of each that counts, in bytes of JSON or characters. */
const MAX_ANSWER = 65_536;
const MAX_TARGET = 512;
const MAX_POSITION = 512;
const MAX_BODY = 2048;

/** Where an answer to a request leads. `undefined` where it does not say so, or at too great length. */
export function placeAfter(answer: Uint8Array, { kind, target, body }: NewsRequest): Place | undefined {
  const value = answer.length > MAX_ANSWER || target.length > MAX_TARGET ? undefined : parseJson(answer);
  if (!isObject(value)) return undefined;
  const position = value[kind === 'sync' ? 'next_batch' : 'pos'];
  if (typeof position !== 'string' || position.length > MAX_POSITION) return undefined;
  // Half of a surrogate pair cannot stand in a query.
  if (/\p{Surrogate}/u.test(position)) return undefined;
  return { kind, position, target, body: kind === 'sync' || body === undefined ? undefined : nextBody(body, value) };
}

/**
 * The body that follows on `body`: the same, with where to-device messages go on (MSC4186) if the answer said that. `undefined`
 * for JSON that would read differently once it is parsed and written again, as with integers beyond 2^53.
 */
function nextBody(body: Uint8Array, { extensions }: Record<string, unknown>): string | undefined {
  const text = body.length > MAX_BODY ? undefined : decode(body);
  const next = text === undefined ? undefined : exactly(text);
  if (next === undefined) return undefined;
  const answered = isObject(extensions) && isObject(extensions.to_device) ? extensions.to_device.next_batch : undefined;
  if (typeof answered !== 'string') return text;
  if (isObject(next.extensions) && isObject(next.extensions.to_device)) next.extensions.to_device.since = answered;
  return JSON.stringify(next);
}

/** The object that a text is, if it is just how that is written. */
function exactly(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Text in UTF-8. Only what is text compares equal to text, so it need not be checked. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
