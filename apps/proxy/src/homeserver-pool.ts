import type { Readable } from 'node:stream';
import { forwardResponseHeaders, type HttpHeaders, type Upstream } from '@lb-matrix/lb-server';
import type { Dispatcher, Pool } from 'undici';
import { asHomeserverError } from './homeserver-error.ts';
import type { Homeserver } from './homeserver-url.ts';
import { headerPairs, requestWhole } from './whole-response.ts';

/** A request whose body may be a stream. */
interface StreamedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: HttpHeaders;
  readonly body?: Uint8Array | Readable | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds until the head of the answer must be there; 0 leaves that to the signal. */
  readonly timeout: number;
}

/** An answer whose body is still coming. */
interface StreamedResponse {
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: Readable;
}

/** Kept-alive connections to the homeserver. */
export interface HomeserverPool {
  /** Whole bodies, for CoAP and for what is rewritten. */
  readonly upstream: Upstream;
  /** Bodies as they come. Rejects with `HomeserverError`. */
  stream(request: StreamedRequest): Promise<StreamedResponse>;
  /** Loads the HTTP client, so that the first request need not wait for that. */
  load(): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * A pool of connections to a homeserver. undici is loaded with the first request, or by `load`: it takes longer to load
 * than everything else of the proxy.
 */
export function createHomeserverPool(homeserver: Homeserver, maxResponseBytes: number): HomeserverPool {
  const { origin, prefix } = homeserver;
  let loading: Promise<Pool> | undefined;

  // The time of an answer is the gateway's, or the caller's of `stream`.
  const open = (): Promise<Pool> =>
    import('undici').then(({ Pool }) => new Pool(origin, { headersTimeout: 0, connect: { timeout: 10_000 } }));
  const load = (): Promise<Pool> => (loading ??= open());

  return {
    async upstream({ method, target, headers, body = null, signal }) {
      const request = {
        method: method as Dispatcher.HttpMethod,
        path: prefix + target,
        headers: flat(headers, 'accept-encoding', 'identity'),
        body,
      };
      return requestWhole(await load(), request, { origin, maxBytes: maxResponseBytes, signal });
    },
    async stream({ method, target, headers, body = null, signal, timeout }) {
      const pool = await load();
      try {
        const response = await pool.request({
          method: method as Dispatcher.HttpMethod,
          path: prefix + target,
          headers: flat(headers),
          body,
          signal,
          headersTimeout: timeout,
        });
        const pairs = headerPairs(response.headers);
        return { status: response.statusCode, headers: forwardResponseHeaders(pairs), body: response.body };
      } catch (error) {
        throw asHomeserverError(error, origin);
      }
    },
    load,
    async close() {
      await (await loading)?.destroy();
    },
  };
}

/** Names and values in turn, as undici takes them. */
function flat(headers: HttpHeaders, ...more: string[]): string[] {
  const names: string[] = more;
  for (const [name, value] of headers) names.push(name, value);
  return names;
}
