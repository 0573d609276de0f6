import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export type Side = 'client' | 'server';

/** A datagram on its way, and who sent it. */
interface Relayed {
  readonly from: Side;
  readonly bytes: Uint8Array;
}

/** A way between one client and a server that sees every datagram, and loses some. */
export interface Relay {
  /** Where the client finds the server. */
  readonly port: number;
  /** What came, oldest first, lost ones included. */
  readonly relayed: readonly Relayed[];
  close(): void;
}

/** Whether a side's datagram with this index, counted from 0, is lost. */
export type Loses = (from: Side, index: number) => boolean;

/** Starts a relay on 127.0.0.1. */
export async function startRelay(serverPort: number, loses: Loses = () => false): Promise<Relay> {
  const front = createSocket('udp4').bind(0, '127.0.0.1');
  const back = createSocket('udp4').bind(0, '127.0.0.1');
  await Promise.all([once(front, 'listening'), once(back, 'listening')]);
  const relayed: Relayed[] = [];
  const passes = (from: Side, bytes: Uint8Array): boolean => {
    const index = relayed.filter((one) => one.from === from).length;
    relayed.push({ from, bytes });
    return !loses(from, index);
  };
  let clientPort: number | undefined;
  front.on('message', (bytes, { port }) => {
    clientPort = port;
    if (passes('client', bytes)) back.send(bytes, serverPort, '127.0.0.1');
  });
  back.on('message', (bytes) => {
    if (passes('server', bytes)) front.send(bytes, clientPort!, '127.0.0.1');
  });
  return {
    port: front.address().port,
    relayed,
    close() {
      front.close();
      back.close();
    },
  };
}
