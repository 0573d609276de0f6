import type { CoapResponse } from '@lb-matrix/coap-endpoint';
import type { Exchange } from './exchange.ts';
import { progressBar } from './progress-bar.ts';
import { sayResponse } from './verbose.ts';
import type { Use } from './with-connection.ts';

/** Sends a request over a connection and waits for the whole answer. */
export function transfer(exchange: Exchange): Use<CoapResponse> {
  return async ({ client, dnsTime, handshakeTime }, say, signal) => {
    const { request } = exchange;
    const now = (): number => performance.now();
    const start = now();
    let firstByte: number | undefined;
    const bar = progressBar(process.stderr, request.payload?.length ?? 0, now);
    try {
      const response = await client.request(request, {
        signal,
        onProgress: (progress) => {
          if (progress.received > 0) firstByte ??= now();
          bar.update(progress);
        },
      });
      const end = now();
      bar.end();
      sayResponse(say, response, exchange);
      const before = dnsTime + handshakeTime - start;
      const times = [dnsTime, handshakeTime, before + (firstByte ?? end), before + end].map(
        (ms) => `${ms.toFixed(1)} ms`,
      );
      say(`* time: dns ${times[0]}, handshake ${times[1]}, first byte after ${times[2]}, total ${times[3]}`);
      return response;
    } finally {
      bar.end();
    }
  };
}
