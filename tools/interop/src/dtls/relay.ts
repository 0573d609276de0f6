import { createSocket, type Socket } from 'node:dgram';
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
  /** The server finds the client at another port from now on; what still comes to the old one is lost. */
  move(): Promise<void>;
  close(): void;
}

/** Whether a side's datagram with this index, counted from 0, is lost. */
export type Loses = (from: Side, index: number) => boolean;

/** Starts a relay on 127.0.0.1. */
export async function startRelay(serverPort: number, loses: Loses = () => false): Promise<Relay> {
  const relayed: Relayed[] = [];
  const passes = (from: Side, bytes: Uint8Array): boolean => {
    const index = relayed.filter((one) => one.from === from).length;
    relayed.push({ from, bytes });
    return !loses(from, index);
  };
  let clientPort: number | undefined;
  const openBack = (): Promise<Socket> =>
    openSocket((bytes) => {
      if (passes('server', bytes)) front.send(bytes, clientPort!, '127.0.0.1');
    });
  const front = await openSocket((bytes, port) => {
    clientPort = port;
    if (passes('client', bytes)) back.send(bytes, serverPort, '127.0.0.1');
  });
  let back = await openBack();
  return {
    port: front.address().port,
    relayed,
    async move() {
      const before = back;
      back = await openBack();
      before.close();
    },
    close() {
      front.close();
      back.close();
    },
  };
}

async function openSocket(onDatagram: (bytes: Uint8Array, port: number) => void): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  socket.on('message', (bytes, { port }) => onDatagram(bytes, port));
  await once(socket, 'listening');
  return socket;
}
