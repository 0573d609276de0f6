import { VirtualTime } from '@lb-matrix/virtual-network';
import { type CoapClient, type CoapServer, connect, serve } from '../../src/index.ts';
import { type LinkOptions, VirtualLink } from './link.ts';
import { seen } from './seen.ts';
import { tdCoap4Handler } from './td-coap4-server.ts';

export interface Bench {
  readonly time: VirtualTime;
  readonly link: VirtualLink;
  readonly client: CoapClient;
  readonly server: CoapServer;
  /** What crossed the wire since the last look. */
  wire(): string[];
}

/** Our client and our server of the ETSI resources, with a network between them, in virtual time. */
export function bench(options: LinkOptions = {}): Bench {
  const time = new VirtualTime();
  const link = new VirtualLink(time, options);
  const client = connect(link.client, { platform: time.platform(1) });
  const server = serve(link.server, { platform: time.platform(2), handler: tdCoap4Handler(time) });
  let looked = 0;
  return {
    time,
    link,
    client,
    server,
    wire() {
      const lines = seen(link.log).slice(looked);
      looked = link.log.length;
      return lines;
    },
  };
}
