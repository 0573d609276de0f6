import { FateUnknownError, type LowBandwidthFetch } from '@lb-matrix/lb-client';
import { forwardRequestHeaders, forwardResponseHeaders } from '@lb-matrix/lb-server';
import { withCors } from './cors.ts';
import { type Exchange, refuse } from './exchange.ts';
import { namesHomeserver, withOwnUrl } from './own-url.ts';
import { readBody } from './read-body.ts';
import type { Status } from './status/status.ts';

/** What a request over low bandwidth needs. */
export interface LowBandwidthWay {
  readonly fetch: LowBandwidthFetch;
  readonly status: Pick<Status, 'synced'>;
  readonly homeserver: { readonly origin: string };
}

/** The longest body of a request, in bytes. What is longer than lb-client's own limit goes over HTTPS. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Media of the client API is streamed, whichever version it has. */
const MEDIA = /^\/_matrix\/client\/(?:v1|unstable\/[^/]+)\/media\//;
const SYNC = /^\/_matrix\/client\/.*\/sync$/;

/** Whether a path is that of /sync, sliding or not. */
export function isSync(path: string): boolean {
  return SYNC.test(path);
}

/** Whether a request goes by way of lb-client, which may still choose HTTPS for it; everything else is streamed. */
export function isForLowBandwidth({ method, path }: Exchange): boolean {
  if (namesHomeserver(method, path)) return true;
  return path.startsWith('/_matrix/client/') && !MEDIA.test(path) && /^(?:GET|POST|PUT|DELETE)$/.test(method);
}

/** Answers a request with what lb-client gets for it. */
export async function askLowBandwidth(exchange: Exchange, way: LowBandwidthWay): Promise<void> {
  const { method, target, path, incoming, outgoing, signal } = exchange;
  const body = await readBody(incoming, MAX_BODY_BYTES);
  if (body === undefined) {
    refuse(exchange, 413, 'M_TOO_LARGE', 'Body too large');
    return;
  }
  const { url, headers } = withTokenInHeader(new URL(target, way.homeserver.origin), exchange);
  const sent = isMislabelled(incoming.headers['content-type'], body) ? asJson(headers) : headers;
  try {
    const response = await way.fetch(url, {
      method,
      headers: sent,
      signal,
      // What a client is redirected to is the client's business.
      redirect: 'manual',
      ...(body.length === 0 || method === 'GET' ? {} : { body }),
    });
    const received = new Uint8Array(await response.arrayBuffer());
    const own = namesHomeserver(method, path) ? withOwnUrl(received, `http://${incoming.headers.host}`) : received;
    if (response.ok && isSync(path)) way.status.synced();
    const answered = forwardResponseHeaders([...response.headers]).filter(([name]) => !OF_THE_BODY.has(name));
    const length = response.status === 204 || response.status === 304 ? [] : [['content-length', String(own.length)]];
    outgoing.writeHead(response.status, [...withCors(answered), ...length].flat());
    outgoing.end(own);
  } catch (error) {
    if (signal.aborted) return;
    refuse(exchange, 502, 'M_UNKNOWN', reason(error));
  }
}

/** What curl says of a body unless told otherwise; homeservers do not look at it. */
function isMislabelled(type: string | undefined, body: Uint8Array): boolean {
  return type === CURL_TYPE && body[0] === '{'.charCodeAt(0);
}

function asJson(headers: readonly [string, string][]): [string, string][] {
  return [...headers.filter(([name]) => name !== 'content-type'), ['content-type', 'application/json']];
}

const CURL_TYPE = 'application/x-www-form-urlencoded';

/** fetch has undone the coding, so the length is another one; which codings it can undo is its to say. */
const OF_THE_BODY: ReadonlySet<string> = new Set(['content-length', 'content-encoding', 'accept-encoding']);

/** A token in the query, as older clients have it, moves to where it is sent once for all requests. */
function withTokenInHeader(
  url: URL,
  { headers }: Exchange,
): { readonly url: URL; readonly headers: [string, string][] } {
  const forwarded = forwardRequestHeaders(headers).filter(([name]) => !OF_THE_BODY.has(name));
  const token = url.searchParams.get('access_token');
  if (token === null || forwarded.some(([name]) => name === 'authorization')) return { url, headers: forwarded };
  url.search = url.search
    .slice(1)
    .split('&')
    .filter((pair) => !pair.startsWith('access_token='))
    .join('&');
  return { url, headers: [...forwarded, ['authorization', `Bearer ${token}`]] };
}

function reason(error: unknown): string {
  if (error instanceof FateUnknownError) {
    return 'The connection broke: the request may have been carried out, or may not';
  }
  return 'The homeserver cannot be reached';
}
