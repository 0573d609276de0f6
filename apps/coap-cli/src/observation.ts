import { type CoapResponse, EndpointError } from '@lb-matrix/coap-endpoint';
import type { Exchange } from './exchange.ts';
import { sayResponse } from './verbose.ts';
import type { Use } from './with-connection.ts';

/** What is done with each response; whether more are wanted. */
type Take = (response: CoapResponse) => Promise<boolean>;

/**
 * Observes a resource (RFC 7641): its state now, and again whenever it changes. Ends, and tells the server so, on SIGINT and
 * SIGTERM, when `--max-time` is over after an answer, and when no more is wanted; else when the server ends it.
 *
 * @returns whether the server has ended it
 */
export function observation(exchange: Exchange, take: Take): Use<boolean> {
  return async ({ client }, say, signal) => {
    const interrupted = new AbortController();
    const interrupt = (): void => interrupted.abort();
    for (const name of SIGNALS) process.once(name, interrupt);
    let answers = 0;
    try {
      const either = AbortSignal.any([signal, interrupted.signal]);
      for await (const response of client.observe(exchange.request, { signal: either })) {
        answers += 1;
        sayResponse(say, response, exchange);
        if (!(await take(response))) return false;
      }
      return true;
    } catch (error) {
      const wanted = interrupted.signal.aborted || (signal.aborted && answers > 0);
      if (wanted && error instanceof EndpointError && error.code === 'aborted') return false;
      throw error;
    } finally {
      for (const name of SIGNALS) process.off(name, interrupt);
    }
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
