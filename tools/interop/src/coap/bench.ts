import { isResponse } from '@lb-matrix/coap-codec';
import type { Bench } from './cases.ts';
import type { CoapAsker, CoapPeerServer } from './peer.ts';
import type { Wire } from './trace.ts';

/** Lets cases make requests of `client`, to a peer's `server` or to ours, and see what each of them put on `wire`. */
export function benchOf(client: CoapAsker, wire: Wire, server?: CoapPeerServer): Bench {
  const during = async <T>(action: () => Promise<T>) => {
    const start = wire.sent.length;
    const result = await action();
    // The acknowledgement of a separate response follows it.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { result, sent: wire.sent.slice(start) };
  };
  return {
    async ask(resource, ask = {}) {
      const place = server?.places?.[resource] ?? { path: resource.split('/') };
      const { result, sent } = await during(() => client.ask({ method: 'GET', ...place, ...ask }));
      const response = sent.findLast(({ from, message }) => from === 'server' && isResponse(message.code));
      return { answer: { ...result, options: result.options ?? response!.message.options }, sent };
    },
    serverIsOurs: server === undefined,
    ping: async () => (await during(() => client.ping())).sent,
  };
}
