import { Code } from '@lb-matrix/coap-codec';
import { type CoapClient, connect, type Handler, serve } from '@lb-matrix/coap-endpoint';
import { Link, linkPipes, seededBytes, VirtualTime } from '@lb-matrix/virtual-network';
import type { LinkShape } from './links.ts';
import type { Peer } from './peer.ts';

/** A header with a connection id of 4 bytes and a number of 2, the type and the tag of AES-GCM (RFC 9147 section 4). */
const DTLS_OVERHEAD = 24;
/** UDP payload that IPv6 carries everywhere. */
const MAX_DATAGRAM = 1232;
const AGREEMENT = { transmission: true, qBlock: true };
const SMALL = new Uint8Array(60);

/** A client on a link, with a server at its other end that has something large. */
export interface CoapLink {
  readonly time: VirtualTime;
  readonly link: Link;
  /** Downloads that many random bytes and resolves with the milliseconds that this took. Throws when others arrive. */
  download(bytes: number): Promise<number>;
  /** A request of 60 bytes that gets an answer without a body; likewise. */
  ask(): Promise<number>;
}

/** Opens a session that is established already; DTLS is there as the bytes that it adds. */
export function openCoapLink(shape: LinkShape, peer: Peer, seed: number): CoapLink {
  const time = new VirtualTime(seed);
  const link = new Link(time, { ...shape, seed });
  const pipes = linkPipes(link, time, { maxPayload: MAX_DATAGRAM - DTLS_OVERHEAD, overhead: DTLS_OVERHEAD });
  const random = seededBytes(seed);
  const bodies: Uint8Array[] = [];
  const handler: Handler = async (request) => {
    if (peer === 'ours') request.agree(AGREEMENT);
    if (request.code === Code.PUT) return { code: Code.Changed, options: [], payload: new Uint8Array() };
    return {
      code: Code.Content,
      options: [],
      payload: bodies[Number(new TextDecoder().decode(request.options[0]!.value))]!,
    };
  };
  serve(pipes.server, { platform: time.platform(2 * seed), handler });
  const client: CoapClient = connect(pipes.client, { platform: time.platform(2 * seed + 1) });
  if (peer === 'ours') client.agree(AGREEMENT);
  return {
    time,
    link,
    async download(bytes) {
      const body = random(bytes);
      const name = new TextEncoder().encode(String(bodies.push(body) - 1));
      const begin = time.now();
      const { code, payload } = await client.request({ code: Code.GET, options: [{ number: 11, value: name }] });
      if (code !== Code.Content || payload.length !== bytes || payload.some((byte, at) => byte !== body[at]))
        throw new Error(`${code} with ${payload.length} bytes`);
      return time.now() - begin;
    },
    async ask() {
      const begin = time.now();
      const { code } = await client.request({ code: Code.PUT, options: [], payload: SMALL });
      if (code !== Code.Changed) throw new Error(`${code}`);
      return time.now() - begin;
    },
  };
}
