import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { BindAddress } from '@lb-matrix/cli-args';
import {
  concernsLowBandwidth,
  type ExchangeRecord,
  type HttpHandler,
  type HttpResponse,
  hasDotSegment,
  type LoopGuard,
  matrixResponse,
} from '@lb-matrix/lb-server';
import { namesHomeserver } from './advertised-url.ts';
import type { HomeserverPool } from './homeserver-pool.ts';
import { type HttpExchange, httpExchange, writeResponse } from './http-exchange.ts';
import { streamThrough } from './http-stream.ts';
import type { ServerCertificate } from './server-certificate.ts';

export interface HttpListenerOptions {
  readonly bind: BindAddress;
  /** Makes it HTTPS. */
  readonly certificate: ServerCertificate | undefined;
  /** For what comes or goes as CBOR, or is rewritten. */
  readonly handler: HttpHandler;
  /** The longest body of those. */
  readonly maxRequestBytes: number;
  /** For all else. */
  readonly pool: HomeserverPool;
  readonly loopGuard: LoopGuard;
  readonly forwardClientAddress: boolean;
  readonly onExchange: (record: ExchangeRecord) => void;
  /** Session secrets of HTTPS. */
  readonly keyLog: ((line: string) => void) | undefined;
}

/** The TCP side of the proxy. */
export interface HttpListener {
  readonly address: AddressInfo;
  /** Gives HTTPS another certificate, for connections from now on. */
  setCertificate(certificate: ServerCertificate): void;
  /** Takes nothing new; requests have `graceful` milliseconds to finish, then their connections are cut. */
  close(graceful: number): Promise<void>;
}

/** Connections at a time; each carries one request at a time. */
const MAX_CONNECTIONS = 10_000;
/** The longest that a client may take to send a request, in milliseconds: a film, on a slow line. */
const REQUEST_TIMEOUT = 3_600_000;

/** Listens on a TCP port and forwards the Matrix paths to the homeserver. Rejects with the system's error. */
export async function listenHttp(options: HttpListenerOptions): Promise<HttpListener> {
  const { bind, certificate, keyLog } = options;
  const tls = certificate && createTlsServer(secureContext(certificate));
  const server: Server = tls ?? createServer();
  server.requestTimeout = REQUEST_TIMEOUT;
  server.maxConnections = MAX_CONNECTIONS;
  server.on('request', (incoming, outgoing) => {
    const exchange = httpExchange(incoming, outgoing);
    // A client that goes while we read its body ends the exchange; there is nobody to tell.
    answer(exchange, options).catch(() => outgoing.destroy());
  });
  if (keyLog !== undefined) server.on('keylog', (line: Buffer) => keyLog(line.toString('latin1')));
  server.listen({ host: bind.host, port: bind.port });
  await once(server, 'listening');

  return {
    address: server.address() as AddressInfo,
    setCertificate(next) {
      tls?.setSecureContext(secureContext(next));
    },
    async close(graceful) {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), graceful);
      await closed;
      clearTimeout(timer);
    },
  };
}

function secureContext({ chainPem, keyPem }: ServerCertificate): { cert: string; key: string } {
  return { cert: chainPem, key: keyPem };
}

async function answer(exchange: HttpExchange, options: HttpListenerOptions): Promise<void> {
  const { method, target, headers } = exchange;
  if (!isForwarded(target)) writeResponse(exchange, matrixResponse(404, 'M_UNRECOGNIZED', 'Unrecognized request'));
  else if (concernsLowBandwidth({ method, target, headers }) || namesHomeserver({ method, target })) {
    writeResponse(exchange, await answerWhole(exchange, options));
  } else await streamThrough(exchange, options);
}

/** Only what belongs to Matrix clients, and no way around that; the path is judged as it came. */
function isForwarded(target: string): boolean {
  const path = target.split('?', 1)[0]!;
  return /^\/(?:_matrix|\.well-known\/matrix)\//.test(path) && !path.split('/').some(hasDotSegment);
}

/** The answer to a request whose body, or whose answer, has to be whole before it can be changed. */
async function answerWhole(exchange: HttpExchange, options: HttpListenerOptions): Promise<HttpResponse> {
  const { method, target, headers, peer, signal } = exchange;
  const body = await readBody(exchange, options.maxRequestBytes);
  if (body === undefined) {
    const tooLarge = matrixResponse(413, 'M_TOO_LARGE', 'Body too large');
    // The rest of the body stays unread, so nothing can follow it on this connection.
    return { ...tooLarge, headers: [...tooLarge.headers, ['connection', 'close']] };
  }
  return options.handler({ method, target, headers, ...(body.length === 0 ? {} : { body }) }, { peer, signal });
}

async function readBody({ incoming }: HttpExchange, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
