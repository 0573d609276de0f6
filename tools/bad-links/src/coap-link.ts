import { connect, serve } from '@lb-matrix/coap-endpoint';
import { Link, linkPipes, VirtualTime } from '@lb-matrix/virtual-network';
import { type BulkClient, bulkClient, bulkHandler } from './bulk.ts';
import type { LinkShape } from './links.ts';
import type { Peer } from './peer.ts';

/** A header with a connection id of 4 bytes and a number of 2, the type and the tag of AES-GCM (RFC 9147 section 4). */
const DTLS_OVERHEAD = 24;
/** UDP payload that IPv6 carries everywhere. */
const MAX_DATAGRAM = 1232;

/** A client on a link, with a server at its other end that has something large. */
export interface CoapLink extends BulkClient {
  readonly time: VirtualTime;
  readonly link: Link;
}

/** Opens a session that is established already; DTLS is there as the bytes that it adds. */
export function openCoapLink(shape: LinkShape, peer: Peer, seed: number): CoapLink {
  const time = new VirtualTime(seed);
  const link = new Link(time, { ...shape, seed });
  const pipes = linkPipes(link, time, {
    maxPayload: MAX_DATAGRAM - DTLS_OVERHEAD,
    overhead: DTLS_OVERHEAD,
    roundTrip: handshakeOver(shape),
  });
  const agrees = peer === 'ours';
  serve(pipes.server, { platform: time.platform(2 * seed), handler: bulkHandler(agrees) });
  const client = connect(pipes.client, { platform: time.platform(2 * seed + 1) });
  return { time, link, ...bulkClient(client, agrees, time.now) };
}

/** The bytes of a ClientHello and of what answers it, where the server has a raw key, in IP packets. */
const HELLO = 189;
const ANSWER = 379;

/** The milliseconds from one to the other. */
function handshakeOver({ up, down }: LinkShape): number {
  const sending = (bytes: number, rate: number | undefined) => (rate === undefined ? 0 : (8000 * bytes) / rate);
  return (up?.delay ?? 0) + (down?.delay ?? 0) + sending(HELLO, up?.rate) + sending(ANSWER, down?.rate);
}
