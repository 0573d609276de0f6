import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import {
  type ExchangeRecord,
  forwardRequestHeaders,
  type HttpResponse,
  type LoopGuard,
  longPollTimeout,
  matrixResponse,
} from '@lb-matrix/lb-server';
import { HomeserverError } from './homeserver-error.ts';
import type { HomeserverPool } from './homeserver-pool.ts';
import { type HttpExchange, writeResponse } from './http-exchange.ts';

/** Milliseconds that the homeserver has for the head of an answer, on top of what a long-poll asks for. */
const HEAD_TIMEOUT = 60_000;

export interface StreamOptions {
  readonly pool: HomeserverPool;
  readonly loopGuard: LoopGuard;
  readonly forwardClientAddress: boolean;
  readonly onExchange: (record: ExchangeRecord) => void;
}

/** Passes a request and its answer through as they come, at the pace of the slower side. Never rejects. */
export async function streamThrough(exchange: HttpExchange, options: StreamOptions): Promise<void> {
  const started = performance.now();
  const { method, target, incoming, outgoing, peer } = exchange;
  const sent = { bytes: 0 };
  let failure: { readonly error: unknown } | undefined;
  try {
    await pass(exchange, options, sent);
  } catch (error) {
    failure = { error };
    // Of an answer that has begun, only the cut connection can say that it is not whole.
    if (outgoing.headersSent) outgoing.destroy();
    else writeResponse(exchange, noAnswer(error));
  }
  options.onExchange({
    transport: 'http',
    method,
    path: target.split('?', 1)[0]!,
    status: exchange.signal.aborted ? 499 : outgoing.statusCode,
    requestBytes: Number(incoming.headers['content-length'] ?? 0),
    responseBytes: sent.bytes,
    milliseconds: performance.now() - started,
    peer,
    error: exchange.signal.aborted ? undefined : failure?.error,
  });
}

async function pass(exchange: HttpExchange, options: StreamOptions, sent: { bytes: number }): Promise<void> {
  const { method, target, headers, incoming, outgoing, peer, signal } = exchange;
  if (options.loopGuard.hasPassed(headers)) {
    writeResponse(exchange, matrixResponse(508, 'M_UNKNOWN', 'This server is its own homeserver'));
    return;
  }
  const forwarded = forwardRequestHeaders(headers, options.forwardClientAddress ? peer.address : undefined);
  const response = await options.pool.stream({
    method,
    target,
    headers: options.loopGuard.stamp(forwarded),
    body: hasBody(incoming) ? incoming : undefined,
    signal,
    timeout: HEAD_TIMEOUT + longPollTimeout(target),
  });
  outgoing.writeHead(response.status, response.headers.flat());
  await pipeline(response.body, (chunks) => counted(chunks, sent), outgoing);
}

async function* counted(chunks: AsyncIterable<Uint8Array>, sent: { bytes: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    sent.bytes += chunk.length;
    yield chunk;
  }
}

/** RFC 9112 section 6: a request has a body when one of these says so. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function noAnswer(error: unknown): HttpResponse {
  return error instanceof HomeserverError && error.timedOut
    ? matrixResponse(504, 'M_UNKNOWN', 'The homeserver did not answer in time')
    : matrixResponse(502, 'M_UNKNOWN', 'The homeserver cannot be reached');
}
