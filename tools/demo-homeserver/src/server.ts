import { once } from 'node:events';
import { createServer } from 'node:http';
import { type Clock, systemClock } from './clock.ts';
import { createHomeserver } from './homeserver.ts';
import { createHandler } from './http/handler.ts';
import type { RateLimit } from './rate-limit.ts';
import { routes } from './routes/index.ts';

/** How to run a demo homeserver. Everything has a default. */
export interface DemoHomeserverOptions {
  /** Address to listen on: `127.0.0.1`. Passwords and messages travel in the clear, so keep it on loopback. */
  readonly host?: string;
  /** TCP port: any free one. */
  readonly port?: number;
  /** What user ids end in: `localhost`. */
  readonly serverName?: string;
  /** How many events each user may send; without it, as many as they like. */
  readonly rateLimit?: RateLimit;
  /** Time: the machine's. */
  readonly clock?: Clock;
  /** Where the one line goes that says what this is: standard error. */
  readonly log?: (line: string) => void;
}

/** A running demo homeserver. */
export interface DemoHomeserver {
  /** Base URL of its client-server API: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Ends every request, waiting ones too, and forgets everything. */
  close(): Promise<void>;
}

/**
 * Starts a Matrix homeserver that lives in memory and has no federation, media or presence.
 *
 * @throws Error of node:net when it cannot listen, such as EADDRINUSE
 */
export async function startDemoHomeserver(options: DemoHomeserverOptions = {}): Promise<DemoHomeserver> {
  const { host = '127.0.0.1', port = 0, serverName = 'localhost', rateLimit } = options;
  const { clock = systemClock, log = console.error } = options;
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  server.on('request', createHandler(createHomeserver({ serverName, baseUrl: url, clock, rateLimit }), routes));
  log(`Demo homeserver for ${serverName} on ${url}: everything is in memory, nothing is kept`);
  const closed = once(server, 'close');
  return {
    url,
    async close() {
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
