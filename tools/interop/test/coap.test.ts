/** The ETSI/IPSO test descriptions for CoAP, with every peer, in both directions; docs/interop.md has the table. */
import { connectUdp, listenUdp } from '@lb-matrix/coap-endpoint/node';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Cell, Direction } from '../src/cell.ts';
import { aiocoap } from '../src/coap/aiocoap.ts';
import { benchOf } from '../src/coap/bench.ts';
import { californium } from '../src/coap/californium.ts';
import { CASES, type Case } from '../src/coap/cases.ts';
import { goCoap } from '../src/coap/go-coap.ts';
import { libcoap } from '../src/coap/libcoap.ts';
import { nodeCoap } from '../src/coap/node-coap.ts';
import { ourClient } from '../src/coap/our-client.ts';
import { serveResources } from '../src/coap/our-server.ts';
import type { CoapAsker, CoapPeer, CoapPeerServer } from '../src/coap/peer.ts';
import type { Wire } from '../src/coap/trace.ts';

const cell = (peer: CoapPeer, { id, title }: Case, direction: Direction): { meta: { cell: Cell } } => ({
  meta: {
    cell: {
      table: 'CoAP, by the ETSI test descriptions',
      peer: peer.name,
      feature: `TD_COAP_${id} ${title}`,
      direction,
    },
  },
});

const OUR_CLIENT_LACKS: Readonly<Record<string, string>> = { CORE_12: 'our client always sends a token' };

const PEERS = [libcoap, aiocoap, californium, goCoap, nodeCoap];

describe.each(PEERS)('our client to $name', (peer) => {
  let absent: string | undefined;
  let server: CoapPeerServer | undefined;
  let client: CoapAsker;
  const wire: Wire = { sent: [] };

  beforeAll(async () => {
    absent = peer.install();
    if (absent !== undefined) return;
    server = await peer.startServer();
    client = ourClient(await connectUdp({ host: '127.0.0.1', port: server.port }), wire);
  });
  afterAll(async () => {
    await client?.stop();
    await server?.stop();
  });

  for (const one of CASES) {
    const reason = peer.serverLacks[one.id] ?? OUR_CLIENT_LACKS[one.id];
    it(`TD_COAP_${one.id}: ${one.title}`, cell(peer, one, 'we connect'), async ({ skip }) => {
      if (absent !== undefined) skip(`absent: ${peer.name} needs ${absent}`);
      if (reason !== undefined) skip(reason);
      await one.run(benchOf(client, wire, server!));
    });
  }
});

describe.each(PEERS)('$name to our server', (peer) => {
  let absent: string | undefined;
  let server: { close(): Promise<void> } | undefined;
  let client: CoapAsker | undefined;
  const wire: Wire = { sent: [] };

  beforeAll(async () => {
    absent = peer.install();
    if (absent !== undefined) return;
    const listener = await listenUdp();
    server = serveResources(listener, wire);
    client = await peer.connect(listener.address.port);
  });
  afterAll(async () => {
    await client?.stop();
    await server?.close();
  });

  for (const one of CASES) {
    const reason = peer.clientLacks[one.id];
    it(`TD_COAP_${one.id}: ${one.title}`, cell(peer, one, 'it connects'), async ({ skip }) => {
      if (absent !== undefined) skip(`absent: ${peer.name} needs ${absent}`);
      if (reason !== undefined) skip(reason);
      await one.run(benchOf(client!, wire));
    });
  }
});
