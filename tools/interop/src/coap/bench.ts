import { isResponse } from '@lb-matrix/coap-codec';
import type { Bench } from './cases.ts';
import type { CoapAsker, CoapPeerServer } from './peer.ts';
import type { Wire } from './trace.ts';

/** The ends that cases are run with. */
export interface Ends {
  /** Makes the requests. */
  readonly client: CoapAsker;
  /** What crosses the wire between it and the server. */
  readonly wire: Wire;
  /** The peer's server; left out when the server is ours. */
  readonly server?: CoapPeerServer | undefined;
  /** Another client of the same server, ours, on another wire. */
  readonly apart?: CoapAsker | undefined;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets cases make requests and see what each of them put on the wire. */
export function benchOf({ client, wire, server, apart }: Ends): Bench {
  const placeOf = (resource: string): { path: readonly string[]; query?: readonly string[] } =>
    server?.places?.[resource] ?? { path: resource.split('/') };
  const isAnswer = ({ from, message }: Wire['sent'][number]): boolean => from === 'server' && isResponse(message.code);
  /** Afterwards `rest` milliseconds more are watched. */
  const during = async <T>(rest: number, action: (start: number) => Promise<T>) => {
    const start = wire.sent.length;
    const result = await action(start);
    await pause(rest);
    return { result, sent: wire.sent.slice(start) };
  };
  return {
    async ask(resource, ask = {}) {
      // The acknowledgement of a separate response follows it.
      const { result, sent } = await during(20, () => client.ask({ method: 'GET', ...placeOf(resource), ...ask }));
      return { answer: { ...result, options: result.options ?? sent.findLast(isAnswer)!.message.options }, sent };
    },
    ping: async () => (await during(20, () => client.ping())).sent,
    async observe(resource, states, { meanwhile, forget } = {}) {
      // coap-server's /time changes once a second.
      const { result, sent } = await during(forget ? 1500 : 700, async (start) => {
        const observed = client.observe({ path: placeOf(resource).path, states, forget });
        if (meanwhile !== undefined) {
          while (!wire.sent.slice(start).some(isAnswer)) await pause(10);
          await meanwhile();
        }
        return await observed;
      });
      return { states: result, sent };
    },
    askApart: (resource, ask) => apart!.ask({ method: 'GET', ...placeOf(resource), ...ask }),
    serverIsOurs: server === undefined,
  };
}
