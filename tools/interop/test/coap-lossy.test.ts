/** The ETSI/IPSO cases in a lossy context, with every peer, in both directions: one message is lost, and what has to be sent again is. */
import { connectUdp, listenUdp } from '@lb-matrix/coap-endpoint/node';
import { describe, expect, it, vi } from 'vitest';
import { coapCell } from '../src/coap/cell.ts';
import { LOSSY_CASES, type LossyCase, losing } from '../src/coap/losses.ts';
import { ourClient } from '../src/coap/our-client.ts';
import { serveResources } from '../src/coap/our-server.ts';
import type { CoapAsker, CoapPeerServer } from '../src/coap/peer.ts';
import { COAP_PEERS } from '../src/coap/peers.ts';
import type { Wire } from '../src/coap/trace.ts';

vi.setConfig({ testTimeout: 60_000 });

describe.concurrent.each(COAP_PEERS)('with $name', (peer) => {
  for (const one of LOSSY_CASES) {
    const key = `${one.id}, ${one.title}`;

    it(`TD_COAP_${key}: our client`, coapCell(peer, one, 'we connect'), async ({ skip }) => {
      const needed = peer.install();
      if (needed !== undefined) skip(`absent: ${peer.name} needs ${needed}`);
      const server = await peer.startServer();
      const wire = losing(one);
      const client = ourClient(await connectUdp({ host: '127.0.0.1', port: server.port }), wire);
      try {
        await survives(one, wire, client, server.places);
      } finally {
        await client.stop();
        await server.stop();
      }
    });

    it(`TD_COAP_${key}: its client`, coapCell(peer, one, 'it connects'), async ({ skip }) => {
      const needed = peer.install();
      if (needed !== undefined) skip(`absent: ${peer.name} needs ${needed}`);
      const reason = peer.clientLacks[key];
      if (reason !== undefined) skip(reason);
      const listener = await listenUdp();
      const wire = losing(one);
      const server = serveResources(listener, wire);
      const client = await peer.connect(listener.address.port);
      try {
        await survives(one, wire, client);
      } finally {
        await client.stop();
        await server.close();
      }
    });
  }
});

async function survives(
  { resource, isOver, check }: LossyCase,
  { sent }: Wire,
  client: CoapAsker,
  places: CoapPeerServer['places'] = {},
): Promise<void> {
  const { code } = await client.ask({ method: 'GET', ...(places[resource] ?? { path: [resource] }) });
  expect(code).toBe('2.05');
  if (isOver !== undefined) await until(() => isOver(sent));
  check(sent);
}

/** `expect.poll` does not know its test among concurrent ones. */
async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 100) {
    if (waited > 10_000) throw new Error('it did not happen within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
