import { type HttpRequest, isSlidingSync } from '@lb-matrix/msc3079-mapper';
import { isObject, parseJson } from '../json.ts';

/** One call of the SDK for what is new: `GET /sync`, or a POST of sliding sync. */
export interface SyncCall {
  readonly kind: 'v2' | 'sliding';
  /** All of the question but where it goes on from: a call with another key is another registration. */
  readonly key: string;
  /** Where it goes on from: `since`; for sliding sync `pos` and the `since` of its to-device extension. `''`: from the start. */
  readonly cursor: string;
  /** Milliseconds that the SDK wants to wait for news. */
  readonly timeout: number;
  /** What registers an observation from here: the request without `timeout`. */
  readonly registration: HttpRequest;
}

/** What separates the two parts of a sliding cursor; no JSON string of a homeserver's token holds it. */
const SEPARATOR = '\n';

/** The call that a request is; `undefined` for all else, and for a full state, which is no continuation. */
export function readSyncCall(request: HttpRequest): SyncCall | undefined {
  const { method, target } = request;
  if (method === 'GET' && /^\/_matrix\/client\/(?:r0|v3)\/sync(?:\?|$)/.test(target)) return readV2(request);
  if (method === 'POST' && isSlidingSync(target)) return readSliding(request);
  return undefined;
}

/** Position and to-device position as one text. */
export function slidingCursor(pos: string, toDevice: string): string {
  return pos + SEPARATOR + toDevice;
}

/** The parts of `slidingCursor`. */
export function partsOfCursor(cursor: string): { readonly pos: string; readonly toDevice: string } {
  const [pos = '', toDevice = ''] = cursor.split(SEPARATOR);
  return { pos, toDevice };
}

function readV2(request: HttpRequest): SyncCall | undefined {
  const { path, query } = split(request.target);
  const since = argument(query, 'since');
  const rest = query.filter(([name]) => name !== 'timeout' && name !== 'since');
  if (argument(rest, 'full_state') === 'true') return undefined;
  return {
    kind: 'v2',
    key: join(path, rest),
    cursor: since ?? '',
    timeout: timeoutOf(query),
    registration: { ...request, target: withoutTimeout(path, query) },
  };
}

function readSliding(request: HttpRequest): SyncCall | undefined {
  const { path, query } = split(request.target);
  const body = parseJson(request.body);
  if (!isObject(body)) return undefined;
  const { extensions, ...question } = body;
  const { to_device: toDevice, ...otherExtensions } = isObject(extensions) ? extensions : {};
  const { since = '', ...toDeviceQuestion } = isObject(toDevice) ? toDevice : {};
  const rest = query.filter(([name]) => name !== 'timeout' && name !== 'pos');
  const pos = argument(query, 'pos') ?? '';
  return {
    kind: 'sliding',
    key: JSON.stringify([join(path, rest), question, otherExtensions, toDeviceQuestion]),
    cursor: pos === '' ? '' : slidingCursor(pos, String(since)),
    timeout: timeoutOf(query),
    registration: { ...request, target: withoutTimeout(path, query) },
  };
}

type Argument = readonly [name: string, text: string];

function split(target: string): { path: string; query: Argument[] } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: [] };
  const texts = target.slice(mark + 1).split('&');
  const query = texts.map((text): Argument => [text.split('=', 1)[0]!, text]);
  return { path: target.slice(0, mark), query };
}

function join(path: string, query: readonly Argument[]): string {
  return query.length === 0 ? path : `${path}?${query.map(([, text]) => text).join('&')}`;
}

function withoutTimeout(path: string, query: readonly Argument[]): string {
  return join(
    path,
    query.filter(([name]) => name !== 'timeout'),
  );
}

function argument(query: readonly Argument[], wanted: string): string | undefined {
  const text = query.find(([name]) => name === wanted)?.[1].slice(wanted.length + 1);
  try {
    return text === undefined ? undefined : decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function timeoutOf(query: readonly Argument[]): number {
  const timeout = Number(argument(query, 'timeout') ?? 0);
  return timeout > 0 ? Math.min(timeout, 3_600_000) : 0;
}
