import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Homeserver } from '../homeserver.ts';
import type { Json } from '../json.ts';
import { MatrixError, Refusal } from '../matrix-error.ts';
import type { Route } from './route.ts';
import { findRoute } from './router.ts';

/** The largest body in bytes; Synapse takes as many. */
const MAX_BODY_BYTES = 200 * 65_536;

const encoder = new TextEncoder();

/** Answers requests of node:http from a table of routes. */
export function createHandler(
  homeserver: Homeserver,
  routes: readonly Route[],
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    if (request.method === 'OPTIONS') {
      response.writeHead(204, CORS).end();
      return;
    }
    try {
      send(response, 200, await answer(homeserver, routes, request, response));
    } catch (error) {
      request.resume();
      const { status, body } = toRefusal(error);
      const retryAfterMs = body.retry_after_ms;
      if (typeof retryAfterMs === 'number') response.setHeader('Retry-After', Math.ceil(retryAfterMs / 1000));
      send(response, status, body);
    }
  };
}

async function answer(
  homeserver: Homeserver,
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Json> {
  const { method = '', url = '' } = request;
  const [path = '', search = ''] = url.split(/\?(.*)/s, 2);
  const { handle, params } = findRoute(routes, method, path);
  const query = new URLSearchParams(search);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return handle(
    {
      method,
      params,
      query,
      body: await readBody(request),
      accessToken:
        /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? query.get('access_token') ?? undefined,
      ip: request.socket.remoteAddress ?? '',
      signal: gone.signal,
    },
    homeserver,
  );
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // The connection must outlive a body that is too large, or the client never reads why.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new MatrixError(413, 'M_TOO_LARGE', 'Request entity too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  console.error('demo homeserver: a request failed', error);
  return new MatrixError(500, 'M_UNKNOWN', 'Internal server error');
}

/** What the specification wants on every answer, so that browsers may use the API from anywhere. */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'X-Requested-With, Content-Type, Authorization, Date',
} as const;

function send(response: ServerResponse, status: number, body: Json): void {
  const bytes = encoder.encode(JSON.stringify(body));
  response.writeHead(status, {
    ...CORS,
    'Content-Type': 'application/json',
    'Content-Length': bytes.length,
    'Cache-Control': 'no-cache, no-store, must-revalidate',
  });
  response.end(bytes);
}
