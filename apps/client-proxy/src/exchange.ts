import type { IncomingMessage, ServerResponse } from 'node:http';
import { withCors } from './cors.ts';

/** One request of the client. */
export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Aborted when the client goes before it has its answer. */
  readonly signal: AbortSignal;
}

/** Looks at a request of node:http. */
export function toExchange(incoming: IncomingMessage, outgoing: ServerResponse): Exchange {
  const gone = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  const { rawHeaders, method = '', url: target = '' } = incoming;
  const headers: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) headers.push([rawHeaders[at]!, rawHeaders[at + 1]!]);
  return { incoming, outgoing, method, target, path: target.split('?', 1)[0]!, headers, signal: gone.signal };
}

/** Answers with a Matrix error of our own. */
export function refuse({ outgoing }: Exchange, status: number, errcode: string, error: string): void {
  if (outgoing.destroyed || outgoing.headersSent) return;
  const body = JSON.stringify({ errcode, error });
  // The body of the request may not have been read, so nothing can follow it on this connection.
  const headers = withCors([
    ['content-type', 'application/json'],
    ['content-length', String(Buffer.byteLength(body))],
    ['connection', 'close'],
  ]);
  outgoing.writeHead(status, headers.flat()).end(body);
}
