import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

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

/** Opens a relay on 127.0.0.1 for one client. */
export async function openRelay(serverPort: number): Promise<Relay> {
  const front = createSocket('udp4');
  const back = createSocket('udp4');
  let client: { readonly port: number } | undefined;
  let counts = noCounts();
  let last = performance.now();

  front.on('message', (datagram, from) => {
    client = from;
    count('up', datagram.length);
    back.send(datagram);
  });
  back.on('message', (datagram) => {
    if (client === undefined) return;
    if (counts.lastWay === 'up') counts.roundTrips += 1;
    count('down', datagram.length);
    front.send(datagram, client.port, '127.0.0.1');
  });
  const count = (way: 'up' | 'down', bytes: number): void => {
    counts[way].datagrams += 1;
    counts[way].bytes += bytes;
    counts.lastWay = way;
    last = performance.now();
  };

  front.bind(0, '127.0.0.1');
  back.connect(serverPort, '127.0.0.1');
  await Promise.all([once(front, 'listening'), once(back, 'connect')]);

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
      for (const socket of [front, back] satisfies Socket[]) socket.close();
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
