import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port that was free a moment ago, for TCP and for UDP, on every address of the machine. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket = createSocket('udp6').bind(port);
  // `once` rejects with an error that comes instead.
  const free = await once(socket, 'listening').then(
    () => true,
    () => false,
  );
  socket.close();
  server.close();
  await once(server, 'close');
  return free ? port : freePort();
}
