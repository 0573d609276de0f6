import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { openRelay } from '../src/relay.ts';

test('a relay passes datagrams both ways and counts them', async () => {
  const echo = createSocket('udp4');
  echo.on('message', (datagram, { port }) => echo.send(datagram.subarray(1), port, '127.0.0.1'));
  echo.bind(0, '127.0.0.1');
  await once(echo, 'listening');
  const relay = await openRelay(echo.address().port);
  const client = createSocket('udp4');

  for (const text of ['one', 'three']) {
    client.send(text, relay.port, '127.0.0.1');
    const [answer] = await once(client, 'message');
    expect(String(answer)).toBe(text.slice(1));
  }
  expect(await relay.takeTraffic()).toEqual({
    up: { datagrams: 2, bytes: 8 },
    down: { datagrams: 2, bytes: 6 },
    roundTrips: 2,
  });
  expect(await relay.takeTraffic()).toEqual({
    up: { datagrams: 0, bytes: 0 },
    down: { datagrams: 0, bytes: 0 },
    roundTrips: 0,
  });
  for (const socket of [echo, client, relay]) socket.close();
});
