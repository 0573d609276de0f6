/** The ETSI/IPSO test descriptions for CoAP, with every peer, in both directions; docs/interop.md has the table. */
import { connectUdp, listenUdp } from '@lb-matrix/coap-endpoint/node';
import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import { benchOf } from '../src/coap/bench.ts';
import { CASES } from '../src/coap/cases.ts';
import { coapCell } from '../src/coap/cell.ts';
import { CASES_NOT_RUN, OBSERVE_CASES } from '../src/coap/observe-cases.ts';
import { ourClient } from '../src/coap/our-client.ts';
import { serveResources } from '../src/coap/our-server.ts';
import type { CoapAsker, CoapPeerServer } from '../src/coap/peer.ts';
import { COAP_PEERS } from '../src/coap/peers.ts';
import type { Wire } from '../src/coap/trace.ts';

vi.setConfig({ testTimeout: 30_000 });

const OUR_CLIENT_LACKS: Readonly<Record<string, string>> = { CORE_12: 'our client always sends a token' };

// The peers run side by side, the cases of each one after the other: they change its resources.
describe.concurrent.each(COAP_PEERS)('our client to $name', (peer) => {
  let absent: string | undefined;
  let server: CoapPeerServer | undefined;
  let client: CoapAsker;
  let apart: CoapAsker;
  const wire: Wire = { sent: [] };

  beforeAll(async () => {
    absent = peer.install();
    if (absent !== undefined) return;
    server = await peer.startServer();
    const at = { host: '127.0.0.1', port: server.port };
    client = ourClient(await connectUdp(at), wire);
    apart = ourClient(await connectUdp(at), { sent: [] });
  });
  afterAll(async () => {
    await client?.stop();
    await apart?.stop();
    await server?.stop();
  });

  for (const one of [...CASES, ...OBSERVE_CASES]) {
    const reason = peer.serverLacks[one.id] ?? OUR_CLIENT_LACKS[one.id];
    it.sequential(`TD_COAP_${one.id}: ${one.title}`, coapCell(peer, one, 'we connect'), async ({ skip }) => {
      if (absent !== undefined) skip(`absent: ${peer.name} needs ${absent}`);
      if (reason !== undefined) skip(reason);
      await one.run(benchOf({ client, wire, server, apart }));
    });
  }
});

describe.concurrent.each(COAP_PEERS)('$name to our server', (peer) => {
  let absent: string | undefined;
  let server: { close(): Promise<void> } | undefined;
  let client: CoapAsker | undefined;
  let apart: CoapAsker | undefined;
  const wire: Wire = { sent: [] };

  beforeAll(async () => {
    absent = peer.install();
    if (absent !== undefined) return;
    // What addresses have to show first is for coap-more.test.ts and coap-lossy.test.ts.
    const listener = await listenUdp({ dangerTrustAddresses: true });
    const { port } = listener.address;
    server = serveResources(listener, wire);
    client = await peer.connect(port);
    apart = ourClient(await connectUdp({ host: '127.0.0.1', port }), { sent: [] });
  });
  afterAll(async () => {
    await client?.stop();
    await apart?.stop();
    await server?.close();
  });

  for (const one of [...CASES, ...OBSERVE_CASES]) {
    const reason = peer.clientLacks[one.id];
    it.sequential(`TD_COAP_${one.id}: ${one.title}`, coapCell(peer, one, 'it connects'), async ({ skip }) => {
      if (absent !== undefined) skip(`absent: ${peer.name} needs ${absent}`);
      if (reason !== undefined) skip(reason);
      await one.run(benchOf({ client: client!, wire, apart }));
    });
  }
});

describe.each(COAP_PEERS)('$name', (peer) => {
  for (const one of CASES_NOT_RUN) {
    it(`TD_COAP_${one.id}: ${one.title}`, coapCell(peer, one, 'we connect'), ({ skip }) => skip(one.reason));
    it(`TD_COAP_${one.id}: ${one.title}`, coapCell(peer, one, 'it connects'), ({ skip }) => skip(one.reason));
  }
});
