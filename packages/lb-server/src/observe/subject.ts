import { Code } from '@lb-matrix/coap-codec';
import { type HttpRequest, isSlidingSync, type MappedRequest } from '@lb-matrix/msc3079-mapper';

/** What a client observes: what is asked of the homeserver again and again, from wherever the client has got to. */
export interface Subject {
  readonly kind: 'sync' | 'sliding';
  readonly method: string;
  /** Path and query without a cursor, `timeout` and `full_state`. */
  readonly target: string;
  /** With the access token. Secret: never log them. */
  readonly headers: HttpRequest['headers'];
  /** Of sliding sync, in JSON. */
  readonly body: string | undefined;
  /** The same for two requests that ask for the same with the same access token, from wherever. */
  readonly key: string;
}

/** A place in the stream of a subject's answers. */
export interface Cursor {
  /** `next_batch` of /sync, `pos` of sliding sync; `undefined` before the first answer. */
  readonly position: string | undefined;
  /** `extensions.to_device.next_batch` of sliding sync. */
  readonly toDevice?: string | undefined;
}

/** What a registration asks for. */
export interface Registration {
  readonly subject: Subject;
  /** Where the client has got to. */
  readonly since: Cursor;
  /** To be answered at once. */
  readonly first: HttpRequest;
}

/**
 * What a GET of /sync or a FETCH of sliding sync observes; `undefined` for every other request, which cannot be observed.
 *
 * @param code - of the CoAP request
 * @param extra - what else the answer depends on: its format, its keys, the features agreed on
 */
export function registrationOf(code: number, mapped: MappedRequest, extra: string): Registration | undefined {
  const kind = kindOf(code, mapped.target);
  if (kind === undefined) return undefined;
  const { method, target, headers, body } = mapped;
  const cursorName = kind === 'sync' ? 'since' : 'pos';
  const registered = withoutArguments(target, cursorName, 'timeout');
  const position = argument(target, cursorName);
  const json = body && new TextDecoder().decode(body);
  const subject: Subject = {
    kind,
    method,
    target: withoutArguments(registered, 'full_state'),
    headers,
    body: json,
    key: JSON.stringify([method, registered, headers, json ?? null, extra]),
  };
  // The whole state is asked for once, not with every push.
  const first = askFrom({ ...subject, target: registered }, { position }, 0);
  return { subject, since: { position }, first };
}

/** The request for what comes after a cursor, which waits for `timeout` milliseconds. */
export function askFrom(
  { kind, method, target, headers, body }: Subject,
  cursor: Cursor,
  timeout: number,
): HttpRequest {
  const { position, toDevice } = cursor;
  const query = [`timeout=${timeout}`];
  if (position !== undefined) query.unshift(`${kind === 'sync' ? 'since' : 'pos'}=${encodeURIComponent(position)}`);
  const from = `${target}${target.includes('?') ? '&' : '?'}${query.join('&')}`;
  if (body === undefined) return { method, target: from, headers };
  return { method, target: from, headers, body: new TextEncoder().encode(withToDeviceSince(body, toDevice)) };
}

/** RFC 8132: sliding sync changes nothing at the homeserver that a GET would not, so FETCH is its method here. */
function kindOf(code: number, target: string): Subject['kind'] | undefined {
  if (code === Code.GET && /^\/_matrix\/client\/(?:r0|v3)\/sync(?:\?|$)/.test(target)) return 'sync';
  return code === Code.FETCH && isSlidingSync(target) ? 'sliding' : undefined;
}

/** MSC4186: to-device messages have a cursor of their own, which goes in the request's body. */
function withToDeviceSince(body: string, since: string | undefined): string {
  if (since === undefined) return body;
  const request = JSON.parse(body);
  const toDevice = request?.extensions?.to_device;
  if (typeof toDevice !== 'object' || toDevice === null) return body;
  toDevice.since = since;
  return JSON.stringify(request);
}

function argument(target: string, name: string): string | undefined {
  const found = queryOf(target).find((part) => part.startsWith(`${name}=`));
  return found === undefined ? undefined : decodeURIComponent(found.slice(name.length + 1));
}

function withoutArguments(target: string, ...names: readonly string[]): string {
  const left = queryOf(target).filter((part) => !names.includes(part.split('=', 1)[0]!));
  const path = target.split('?', 1)[0]!;
  return left.length === 0 ? path : `${path}?${left.join('&')}`;
}

function queryOf(target: string): string[] {
  const mark = target.indexOf('?');
  return mark < 0 ? [] : target.slice(mark + 1).split('&');
}
