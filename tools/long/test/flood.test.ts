import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { DtlsClient } from '@lb-matrix/dtls-transport';
import { nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { expect, test } from 'vitest';
import { Client } from '../src/client.ts';
import { startServer } from '../src/test-server.ts';

const HELLOS = 50_000;
const ADDRESSES = 500;
/** ClientHellos between two pauses, so that loopback drops none. */
const BURST = 50;

/** A ClientHello of a client that nobody ever hears of again. */
function clientHello(): Uint8Array {
  const { randomBytes, now } = nodePlatform;
  const out = new Uint8Array(2_048);
  const { length } = new DtlsClient(
    { crypto: nodeCrypto, randomBytes, path: '', versions: ['1.2'] },
    now(),
  ).pollTransmit(out)!;
  return out.slice(0, length);
}

/** Sockets at addresses of 127.0.0.0/8, which count the bytes that they are sent. */
async function spoofers(count: (bytes: number) => void): Promise<Socket[]> {
  const sockets = Array.from({ length: ADDRESSES }, () => createSocket('udp4'));
  await Promise.all(
    sockets.map((socket, index) => {
      socket.on('message', (datagram) => count(datagram.length));
      socket.bind(0, `127.1.${index >> 8}.${index & 255}`);
      return once(socket, 'listening');
    }),
  );
  return sockets;
}

test(`${HELLOS} ClientHellos from ${ADDRESSES} addresses leave nothing behind and hold up nobody`, async () => {
  const { dtls, coap, spki } = await startServer({ idleTimeout: 600_000, maxPeers: 10 });
  const client = await Client.connect(dtls.address.port, spki);
  let received = 0;
  let answers = 0;
  const sockets = await spoofers((bytes) => {
    received += bytes;
    answers += 1;
  });
  const hellos = Array.from({ length: 100 }, clientHello);
  const size = hellos[0]!.length;
  const waits: number[] = [];
  const started = process.cpuUsage();
  for (let sent = 0; sent < HELLOS; sent += BURST) {
    for (let index = sent; index < sent + BURST; index++) {
      sockets[index % ADDRESSES]!.send(hellos[index % hellos.length]!, dtls.address.port, '127.0.0.1');
    }
    if (sent % 1_000 > 0) {
      await sleep(0);
      continue;
    }
    const asked = performance.now();
    const payload = Uint8Array.of(sent & 255);
    expect(await client.request(payload)).toEqual(payload);
    waits.push(performance.now() - asked);
  }
  await sleep(500);
  const { user, system } = process.cpuUsage(started);
  expect(dtls.stats()).toMatchObject({ peers: 1, handshakes: 0, connected: 1, handshakesFailed: 0 });
  expect(received).toBeLessThan(3 * HELLOS * size);
  waits.sort((a, b) => a - b);
  console.log(
    `${answers} of ${HELLOS} ClientHellos of ${size} bytes answered, with ${received / answers} bytes each; ` +
      `${((user + system) / HELLOS).toFixed(1)} us of CPU for both ends of each; ` +
      `a request among them took ${waits[waits.length >> 1]!.toFixed(1)} ms, at most ${waits.at(-1)!.toFixed(1)} ms`,
  );
  client.vanish();
  for (const socket of sockets) socket.close();
  await coap.close();
});
