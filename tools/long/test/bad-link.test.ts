import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { openBadLink } from '../src/bad-link.ts';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

async function open(onMessage: (this: Socket, datagram: Uint8Array, port: number) => void): Promise<Socket> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.on('message', (datagram, { port }) => onMessage.call(socket, datagram, port));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

test('a link loses what it is told to lose, and the rest is under way for a while', async () => {
  const server = await open(function (datagram, port) {
    this.send(datagram, port, '127.0.0.1');
  });
  let back = 0;
  const client = await open(() => {
    back += 1;
  });
  const link = await openBadLink({ to: server.address().port, loss: 0.1, delay: 100 });
  const start = performance.now();
  for (let sent = 0; sent < 200; sent++) client.send('x', link.port, '127.0.0.1');
  await once(client, 'message');
  expect(performance.now() - start).toBeGreaterThan(195);
  await sleep(500);
  const { datagrams, bytes, lost } = link.counts();
  expect(back).toBe(200 - lost);
  expect(bytes).toBe(datagrams);
  expect(lost / datagrams).toBeGreaterThan(0.05);
  expect(lost / datagrams).toBeLessThan(0.15);
  link.close();
});

test('a client has another port after a rebind, and answers to the old one are lost', async () => {
  const ports: number[] = [];
  const server = await open((_, port) => {
    ports.push(port);
  });
  const client = await open(() => {});
  const link = await openBadLink({ to: server.address().port });
  client.send('x', link.port, '127.0.0.1');
  await once(server, 'message');
  await link.rebind();
  client.send('x', link.port, '127.0.0.1');
  await once(server, 'message');
  expect(new Set(ports).size).toBe(2);
  link.close();
});
