import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExchangeRecord, HttpHeaders, HttpResponse } from '@lb-matrix/lb-server';

/** One request of a TCP client, as the rest of the proxy looks at it. */
export interface HttpExchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly headers: HttpHeaders;
  readonly peer: NonNullable<ExchangeRecord['peer']>;
  /** Aborted when the client goes before it has its answer. */
  readonly signal: AbortSignal;
}

export function httpExchange(incoming: IncomingMessage, outgoing: ServerResponse): HttpExchange {
  const abort = new AbortController();
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) abort.abort();
  });
  const { rawHeaders, socket } = incoming;
  const headers: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) headers.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  return {
    incoming,
    outgoing,
    method: incoming.method!,
    target: incoming.url!,
    headers,
    peer: { address: unmapped(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 },
    signal: abort.signal,
  };
}

/** Answers with a whole body. */
export function writeResponse({ outgoing, method }: HttpExchange, { status, headers, body }: HttpResponse): void {
  if (outgoing.destroyed) return;
  // RFC 9110 section 8.6
  const hasLength = method !== 'HEAD' && status !== 204 && status !== 304;
  const length = hasLength ? ['content-length', String(body.length)] : [];
  outgoing.writeHead(status, [...headers.flat(), ...length]);
  outgoing.end(body);
}

/** An IPv4 client of an IPv6 socket is an IPv4 client (RFC 4291 section 2.5.5.2). */
function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
