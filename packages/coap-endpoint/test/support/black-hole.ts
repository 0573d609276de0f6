import { Link, type LinkOptions, linkPipes, VirtualTime } from '@lb-matrix/virtual-network';
import { type CoapClient, connect, type Handler, serve } from '../../src/index.ts';
import { get } from './messages.ts';

/** A session over a path that may lose what is long. */
export interface Path {
  readonly time: VirtualTime;
  readonly client: CoapClient;
  /** Datagrams that are longer get lost, in one direction or both. Bytes of what the pipe is given. */
  limit: { up: number; down: number };
  /** The lengths of all datagrams that were sent, lost ones included. */
  readonly sent: { readonly up: number[]; readonly down: number[] };
}

/** `agree`: both ends know each other's rules; else they are strangers (RFC 7252, RFC 7959). */
export async function pathWithLimit(handler: Handler, agree: boolean, options: LinkOptions): Promise<Path> {
  const time = new VirtualTime();
  const pipes = linkPipes(new Link(time, options), time);
  const limit = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY };
  const sent: { up: number[]; down: number[] } = { up: [], down: [] };
  for (const [direction, pipe] of [
    ['up', pipes.client],
    ['down', pipes.server],
  ] as const) {
    const send = pipe.send.bind(pipe);
    pipe.send = (datagram) => {
      sent[direction].push(datagram.length);
      if (datagram.length <= limit[direction]) send(datagram);
    };
  }
  const seed = options.seed ?? 1;
  const agreement = { transmission: true, qBlock: true };
  serve(pipes.server, {
    platform: time.platform(2 * seed + 1),
    handler: (request) => {
      if (agree) request.agree(agreement);
      return handler(request);
    },
  });
  const client = connect(pipes.client, { platform: time.platform(2 * seed) });
  await time.until(client.request(get('hello')));
  if (agree) client.agree(agreement);
  await time.until(client.request(get('hello')));
  return { time, client, limit, sent };
}
