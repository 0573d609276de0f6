import { VirtualTime } from '@lb-matrix/virtual-network';
import {
  type CoapClient,
  type CoapServer,
  type ConnectOptions,
  connect,
  type Handler,
  type ServerOptions,
  serve,
} from '../../src/index.ts';
import { type LinkOptions, VirtualLink } from './link.ts';
import { get } from './messages.ts';

export interface Pair {
  readonly time: VirtualTime;
  readonly link: VirtualLink;
  readonly client: CoapClient;
  readonly server: CoapServer;
}

export interface PairOptions extends LinkOptions {
  readonly connect?: Partial<ConnectOptions>;
  readonly serve?: Partial<ServerOptions>;
}

/** A client and a server with a network between them, all in virtual time. */
export function pair(handler: Handler, options: PairOptions = {}): Pair {
  const time = new VirtualTime();
  const link = new VirtualLink(time, options);
  const seed = options.seed ?? 1;
  const client = connect(link.client, { platform: time.platform(2 * seed), ...options.connect });
  const server = serve(link.server, { platform: time.platform(2 * seed + 1), handler, ...options.serve });
  return { time, link, client, server };
}

/** All that two ends can agree on. */
export const BOTH = { transmission: true, qBlock: true };

/** The same two, in a session where they have agreed on all there is; the link's log begins after that. */
export async function agreedPair(handler: Handler, options: PairOptions = {}): Promise<Pair> {
  const all = pair((request) => {
    request.agree(BOTH);
    return handler(request);
  }, options);
  await all.time.until(all.client.request(get('hello')));
  all.client.agree(BOTH);
  all.link.log.length = 0;
  return all;
}
