import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Upstream } from '@lb-matrix/lb-server';
import { serveLowBandwidth } from './stack.ts';

/** What crossed a wire one way. */
export interface Flow {
  readonly datagrams: number;
  /** Bytes of UDP payload. */
  readonly bytes: number;
}

/** What crossed a wire between two looks at it. */
export interface Traffic {
  /** From the client. */
  readonly up: Flow;
  readonly down: Flow;
  /** How often something from the client was followed by something from the server. */
  readonly roundTrips: number;
}

/** A UDP port that passes datagrams on to a server and back, and counts them. */
export interface Relay {
  readonly port: number;
  /** What crossed since the last call, once the wire is silent. */
  takeTraffic(): Promise<Traffic>;
  close(): void;
}

/** No datagram for so many milliseconds means that an exchange is over. */
const SILENCE = 60;

/** Opens a relay on 127.0.0.1. Each client has a port of its own towards the server, or the server would take two for one. */
export async function openRelay(serverPort: number): Promise<Relay> {
  const front = createSocket('udp4');
  const backs = new Map<number, Promise<Socket>>();
  let counts = noCounts();
  let last = performance.now();

  const openBack = async (client: number): Promise<Socket> => {
    const back = createSocket('udp4');
    back.on('message', (datagram) => {
      if (counts.lastWay === 'up') counts.roundTrips += 1;
      count('down', datagram.length);
      front.send(datagram, client, '127.0.0.1');
    });
    back.connect(serverPort, '127.0.0.1');
    await once(back, 'connect');
    return back;
  };
  front.on('message', async (datagram, { port }) => {
    count('up', datagram.length);
    if (!backs.has(port)) backs.set(port, openBack(port));
    (await backs.get(port)!).send(datagram);
  });
  const count = (way: 'up' | 'down', bytes: number): void => {
    counts[way].datagrams += 1;
    counts[way].bytes += bytes;
    counts.lastWay = way;
    last = performance.now();
  };

  front.bind(0, '127.0.0.1');
  await once(front, 'listening');

  return {
    port: front.address().port,
    takeTraffic: async () => {
      do await new Promise((resolve) => setTimeout(resolve, SILENCE));
      while (performance.now() - last < SILENCE);
      const { up, down, roundTrips } = counts;
      counts = noCounts();
      return { up, down, roundTrips };
    },
    close: () => {
      front.close();
      for (const back of backs.values()) void back.then((socket) => socket.close());
    },
  };
}

function noCounts() {
  return {
    up: { datagrams: 0, bytes: 0 },
    down: { datagrams: 0, bytes: 0 },
    roundTrips: 0,
    lastWay: undefined as 'up' | 'down' | undefined,
  };
}

/** Puts a low-bandwidth server and a relay before an upstream for as long as `use` takes. */
export async function withRelay<T>(upstream: Upstream, use: (relay: Relay) => Promise<T>): Promise<T> {
  const server = await serveLowBandwidth(upstream);
  const relay = await openRelay(server.address.port);
  try {
    return await use(relay);
  } finally {
    relay.close();
    await server.close();
  }
}
