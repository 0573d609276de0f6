import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What a link does to datagrams. */
export interface BadLinkOptions {
  /** The UDP port of 127.0.0.1 that it leads to. */
  readonly to: number;
  /** The share of datagrams that it loses, each way. */
  readonly loss?: number;
  /** Milliseconds that a datagram is under way, each way. */
  readonly delay?: number;
  /** Chooses which are lost. */
  readonly seed?: number;
}

/** What passed a link. */
interface LinkCounts {
  readonly datagrams: number;
  /** Of UDP payload, the lost ones included. */
  readonly bytes: number;
  readonly lost: number;
}

/** A UDP port on 127.0.0.1 that leads to another, badly. */
export interface BadLink {
  readonly port: number;
  /** All clients have a new port from now on, as behind a NAT that has forgotten them. */
  rebind(): Promise<void>;
  counts(): LinkCounts;
  /** From now on nothing passes. */
  close(): void;
}

/** Opens a link for any number of clients, each of which has a port of its own towards the server. */
export async function openBadLink({ to, loss = 0, delay = 0, seed = 1 }: BadLinkOptions): Promise<BadLink> {
  const front = createSocket('udp4');
  const backs = new Map<number, Promise<Socket>>();
  const random = mulberry32(seed);
  const counts = { datagrams: 0, bytes: 0, lost: 0 };
  let closed = false;

  /** Passes a datagram on, or does not. */
  const carry = (datagram: Uint8Array, send: () => void): void => {
    counts.datagrams += 1;
    counts.bytes += datagram.length;
    if (random() < loss) counts.lost += 1;
    else setTimeout(() => closed || send(), delay);
  };
  const openBack = async (client: number): Promise<Socket> => {
    const back = createSocket('udp4');
    // A server that is away just now is the client's matter.
    back.on('error', () => {});
    back.on('message', (datagram) => carry(datagram, () => front.send(datagram, client, '127.0.0.1')));
    back.bind(0, '127.0.0.1');
    await once(back, 'listening');
    return back;
  };
  front.on('message', (datagram, { port: client }) => {
    carry(datagram, async () => {
      if (!backs.has(client)) backs.set(client, openBack(client));
      (await backs.get(client)!).send(datagram, to, '127.0.0.1');
    });
  });
  front.bind(0, '127.0.0.1');
  await once(front, 'listening');

  const forget = async (): Promise<void> => {
    const old = [...backs.values()];
    backs.clear();
    for (const back of await Promise.all(old)) back.close();
  };
  return {
    port: front.address().port,
    rebind: forget,
    counts: () => ({ ...counts }),
    close() {
      closed = true;
      front.close();
      void forget();
    },
  };
}

/** A small generator of numbers from 0 to below 1, the same for the same seed (mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
