import type { Readable } from 'node:stream';
import { forwardResponseHeaders, type HttpHeaders, type Upstream } from '@lb-matrix/lb-server';
import type { Dispatcher, Pool } from 'undici';
import type { Homeserver } from './homeserver-url.ts';

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

/** The homeserver did not answer; `message` says why, for the log. */
export class HomeserverError extends Error {
  /** It was reached but said nothing in time. */
  readonly timedOut: boolean;

  constructor(message: string, timedOut: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HomeserverError';
    this.timedOut = timedOut;
  }
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

  async function request(options: StreamedRequest): Promise<StreamedResponse> {
    const pool = await load();
    try {
      const response = await pool.request({
        method: options.method as Dispatcher.HttpMethod,
        path: prefix + options.target,
        headers: options.headers.flat(),
        body: options.body ?? null,
        signal: options.signal,
        headersTimeout: options.timeout,
      });
      return { status: response.statusCode, headers: headerPairs(response.headers), body: response.body };
    } catch (error) {
      throw asHomeserverError(error, origin);
    }
  }

  return {
    async upstream({ method, target, headers, body, signal }) {
      const asked = [...headers, ['accept-encoding', 'identity'] as const];
      const response = await request({ method, target, headers: asked, body, signal, timeout: 0 });
      const coding = response.headers.find(([name]) => name === 'content-encoding')?.[1];
      if (coding !== undefined && coding !== 'identity') {
        response.body.destroy();
        throw new HomeserverError(`${origin} compresses (${coding}) though it was asked not to`, false);
      }
      return { ...response, body: await readWhole(response.body, maxResponseBytes, origin) };
    },
    stream: async (options) => {
      const { status, headers, body } = await request(options);
      return { status, headers: forwardResponseHeaders(headers), body };
    },
    load,
    async close() {
      await (await loading)?.destroy();
    },
  };
}

function headerPairs(headers: Dispatcher.ResponseData['headers']): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each): [string, string] => [name, each]),
  );
}

async function readWhole(body: Readable, maxBytes: number, origin: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > maxBytes) throw new HomeserverError(`${origin} answers with over ${maxBytes} bytes`, false);
      chunks.push(chunk);
    }
  } catch (error) {
    throw asHomeserverError(error, origin);
  }
  const { buffer, byteOffset } = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length);
  return new Uint8Array(buffer, byteOffset, length);
}

function asHomeserverError(error: unknown, origin: string): HomeserverError {
  if (error instanceof HomeserverError) return error;
  const timedOut = (error as NodeJS.ErrnoException).code === 'UND_ERR_HEADERS_TIMEOUT';
  return new HomeserverError(`${origin}: ${reason(error)}`, timedOut, { cause: error });
}

/** A name with several addresses fails once for each of them, without a message of its own. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ');
  return error instanceof Error ? error.message : String(error);
}
