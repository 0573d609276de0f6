import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { forwardRequestHeaders, forwardResponseHeaders } from '@lb-matrix/lb-server';
import { withCors } from './cors.ts';
import { type Exchange, refuse } from './exchange.ts';

/** Kept-alive connections to the homeserver, for what is streamed. */
export interface HttpsWay {
  /** Passes a request and its answer through as they come, at the pace of the slower side. Never rejects. */
  pass(exchange: Exchange): Promise<void>;
  close(): void;
}

/** Milliseconds in which a connection that carries a request may be silent. */
const SILENCE = 60_000;

/** The way to a homeserver by HTTP, or HTTPS as its URL says. */
export function createHttpsWay(origin: string): HttpsWay {
  const isHttps = origin.startsWith('https:');
  const request = isHttps ? httpsRequest : httpRequest;
  const agent = isHttps ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });

  const open = ({ method, target, headers, incoming, signal }: Exchange): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const url = new URL(origin);
      const outgoing = request({
        agent,
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        method,
        // As it came: a URL object would change how it is written.
        path: target,
        headers: [...forwardRequestHeaders(headers), ['host', url.host]].flat(),
        signal,
        timeout: SILENCE,
      });
      outgoing.once('response', (response) => {
        // From now on it is the client's pace that counts, who may pause a film.
        outgoing.setTimeout(0);
        resolve(response);
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error('silence')));
      outgoing.on('error', reject);
      incoming.pipe(outgoing);
    });

  return {
    async pass(exchange) {
      const { outgoing, signal } = exchange;
      try {
        const response = await open(exchange);
        const { rawHeaders, statusCode = 502 } = response;
        const pairs: [string, string][] = [];
        for (let at = 0; at < rawHeaders.length; at += 2) pairs.push([rawHeaders[at]!, rawHeaders[at + 1]!]);
        outgoing.writeHead(statusCode, withCors(forwardResponseHeaders(pairs)).flat());
        await pipeline(response, outgoing);
      } catch {
        if (signal.aborted) return;
        // Of an answer that has begun, only the cut connection can say that it is not whole.
        if (outgoing.headersSent) outgoing.destroy();
        else refuse(exchange, 502, 'M_UNKNOWN', 'The homeserver cannot be reached');
      }
    },
    close: () => agent.destroy(),
  };
}
