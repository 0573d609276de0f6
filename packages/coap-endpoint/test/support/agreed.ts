import { Link, type LinkOptions, linkPipes, VirtualTime } from '@lb-matrix/virtual-network';
import { type CoapClient, connect, type Handler, serve } from '../../src/index.ts';
import { get } from './messages.ts';
import { BOTH } from './pair.ts';

export interface Agreed {
  readonly time: VirtualTime;
  readonly link: Link;
  readonly client: CoapClient;
}

/** Two ends of an established session over a link that have agreed on all there is. DTLS 1.3 adds 20 bytes to each datagram. */
export async function agreed(handler: Handler, options: LinkOptions): Promise<Agreed> {
  const time = new VirtualTime();
  const link = new Link(time, options);
  const pipes = linkPipes(link, time, { overhead: 20 });
  const seed = options.seed ?? 1;
  serve(pipes.server, {
    platform: time.platform(2 * seed + 1),
    handler: (request) => {
      request.agree(BOTH);
      return handler(request);
    },
  });
  const client = connect(pipes.client, { platform: time.platform(2 * seed) });
  await time.until(client.request(get('hello')));
  client.agree(BOTH);
  await time.until(client.request(get('hello')));
  return { time, link, client };
}
