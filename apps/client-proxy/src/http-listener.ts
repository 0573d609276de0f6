import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BindAddress } from '@lb-matrix/cli-args';
import type { LowBandwidthFetch } from '@lb-matrix/lb-client';
import { hasDotSegment } from '@lb-matrix/lb-server';
import { CORS_HEADERS } from './cors.ts';
import { type Exchange, refuse, toExchange } from './exchange.ts';
import { isOurHost } from './host-check.ts';
import type { HttpsWay } from './https-way.ts';
import type { Log } from './log.ts';
import { askLowBandwidth, isForLowBandwidth, isSync } from './low-bandwidth-way.ts';
import { isStatusPath, sendStatus } from './status/send-status.ts';
import type { Status } from './status/status.ts';

/** What the listener works with. */
export interface ListenerOptions {
  readonly bind: BindAddress;
  readonly allowedHosts: readonly string[];
  readonly fetch: LowBandwidthFetch;
  readonly https: HttpsWay;
  readonly status: Status;
  readonly log: Log;
  readonly homeserver: { readonly origin: string };
}

/** The HTTP side. */
export interface HttpListener {
  readonly port: number;
  /** Takes nothing new; requests have `graceful` milliseconds to finish, then their connections are cut. */
  close(graceful: number): Promise<void>;
}

/** Connections at a time; each carries one request at a time. */
const MAX_CONNECTIONS = 1000;
/** The longest that a client may take to send a request, in milliseconds: a film. */
const REQUEST_TIMEOUT = 3_600_000;

/** Listens for Matrix clients. Rejects with the system's error. */
export async function listenHttp(options: ListenerOptions): Promise<HttpListener> {
  const { bind, log } = options;
  const server = createServer();
  server.requestTimeout = REQUEST_TIMEOUT;
  server.maxConnections = MAX_CONNECTIONS;
  const waiting = new Set<ServerResponse>();
  server.on('request', (incoming, outgoing) => {
    const exchange = toExchange(incoming, outgoing);
    if (isSync(exchange.path)) waiting.add(outgoing);
    const started = performance.now();
    outgoing.once('close', () => {
      waiting.delete(outgoing);
      const status = exchange.signal.aborted ? 499 : outgoing.statusCode;
      const ms = Math.round(performance.now() - started);
      log.debug(`${exchange.method} ${exchange.path} - ${status}`, { ms });
    });
    answer(exchange, options).catch((error: unknown) => {
      if (!exchange.signal.aborted) log.error('Unexpected error', { error: String((error as Error).stack ?? error) });
      outgoing.destroy();
    });
  });
  server.listen({ host: bind.host, port: bind.port });
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    async close(graceful) {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      // A /sync waits for news, not for us. What it might have brought is only acknowledged when the client asks on.
      for (const outgoing of waiting) outgoing.destroy();
      const cut = setTimeout(() => server.closeAllConnections(), graceful);
      await closed;
      clearTimeout(cut);
    },
  };
}

async function answer(exchange: Exchange, options: ListenerOptions): Promise<void> {
  const { method, path, outgoing, incoming } = exchange;
  if (!isOurHost(incoming.headers.host, options.allowedHosts)) {
    refuse(exchange, 421, 'M_UNKNOWN', 'This Host is not served here: see --allow-host');
  } else if (isStatusPath(path)) {
    sendStatus(exchange, options.status);
  } else if (!/^\/(?:_matrix|\.well-known\/matrix)\//.test(path) || path.split('/').some(hasDotSegment)) {
    refuse(exchange, 404, 'M_UNRECOGNIZED', 'Only /_matrix/ and /.well-known/matrix/ are here');
  } else if (method === 'OPTIONS') {
    outgoing.writeHead(204, CORS_HEADERS.flat()).end();
  } else if (isForLowBandwidth(exchange)) {
    await askLowBandwidth(exchange, options);
  } else {
    await options.https.pass(exchange);
  }
}
