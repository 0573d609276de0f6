import type { HttpResponse } from '@lb-matrix/msc3079-mapper';
import type { Upstream, UpstreamRequest } from './upstream.ts';

/** What describes the body's form on the way, which `Response` has undone. */
const TRANSFER_HEADERS: ReadonlySet<string> = new Set(['content-encoding', 'content-length', 'transfer-encoding']);

/**
 * A homeserver behind the Fetch API as an upstream: a handler such as Hono's `app.fetch`, or `fetch` itself.
 * `Request` and `Response` cost more than the rest of a small request, so a homeserver with another interface had better
 * be an `Upstream` itself.
 *
 * @param origin - scheme, host and port of the requests' URLs
 */
export function fromFetch(
  handler: (request: Request) => Response | Promise<Response>,
  origin = 'http://localhost',
): Upstream {
  return async (request) => toHttpResponse(await handler(toFetchRequest(request, origin)));
}

function toFetchRequest({ method, target, headers, body, signal }: UpstreamRequest, origin: string): Request {
  const url = new URL(origin + target);
  // WHATWG URL 4.4 folds "." and ".." segments, in their encoded forms too: the path was judged as it stood.
  if (url.pathname !== target.split('?', 1)[0]) throw new TypeError('the path does not survive as a URL');
  return new Request(url, { method, headers: headers.map(([name, value]) => [name, value]), signal, ...payload(body) });
}

function payload(body: Uint8Array | undefined): { body?: Uint8Array<ArrayBuffer> } {
  // A view on a shared buffer is no BodyInit.
  return body === undefined ? {} : { body: new Uint8Array(body) };
}

async function toHttpResponse(response: Response): Promise<HttpResponse> {
  const headers = [...response.headers].filter(([name]) => !TRANSFER_HEADERS.has(name));
  return { status: response.status, headers, body: new Uint8Array(await response.arrayBuffer()) };
}
