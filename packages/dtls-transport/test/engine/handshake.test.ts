import { expect, test } from 'vitest';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

test('a client and a listener shake hands and exchange data', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  const client = new TestClient(network, 'client');
  client.send('early');
  network.run(10_000, () => client.received.length > 0);
  console.log(network.sent.map((s) => `${s.at} ${s.from} ${s.datagram.length}`));
  console.log(client.events, client.closed, listener.events, listener.engine.stats());
  expect(client.received).toEqual(['early']);
  expect(SERVER).toBe('server');
});
