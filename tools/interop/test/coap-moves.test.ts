/** CoAP over DTLS with connection ids of both ends (RFC 9146), with every peer: sessions go on when the client's address changes. */
import { listenDtls } from '@lb-matrix/dtls-transport/node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Cell, Direction } from '../src/cell.ts';
import { makeCertificate } from '../src/certificate.ts';
import { libcoapOnGnutls } from '../src/coap/libcoap.ts';
import { ourClient } from '../src/coap/our-client.ts';
import { serveResources } from '../src/coap/our-server.ts';
import type { CoapAsker, CoapPeer } from '../src/coap/peer.ts';
import { COAP_PEERS } from '../src/coap/peers.ts';
import { connectWithOwnId } from '../src/dtls/engine-pipe.ts';
import { type Relay, type Side, startRelay } from '../src/dtls/relay.ts';

const FEATURE = 'the client changes its port in DTLS with connection ids of both ends';

/** RFC 9146 section 4: the type of a record with a connection id. */
const TLS12_CID = 25;

const cell = (peer: CoapPeer, direction: Direction): { meta: { cell: Cell } } => ({
  meta: { cell: { table: 'CoAP, beside them', peer: peer.name, feature: FEATURE, direction } },
});

const certificate = makeCertificate();
const security = { certificate, connectionIds: true };

/** Asks before the client moves, and after it. */
async function talk(client: CoapAsker, relay: Relay): Promise<void> {
  const large = await client.ask({ method: 'GET', path: ['large'] });
  expect([large.code, large.payload.length]).toEqual(['2.05', 65_536]);
  const crossed = relay.relayed.length;
  await relay.move();
  // A short answer: without return routability checks (RFC 9853), which none of them knows, the new address gets at most
  // three times what it sends.
  expect((await client.ask({ method: 'GET', path: ['test'] })).code).toBe('2.05');
  const types = (side: Side): Set<number | undefined> =>
    new Set(
      relay.relayed
        .slice(crossed)
        .filter(({ from }) => from === side)
        .map(({ bytes }) => bytes[0]),
    );
  // No handshake, and an id in each record of either side.
  expect(types('client')).toEqual(new Set([TLS12_CID]));
  expect(types('server')).toEqual(new Set([TLS12_CID]));
}

describe.each([...COAP_PEERS, libcoapOnGnutls])('$name', (peer) => {
  let absent: string | undefined;

  beforeAll(() => {
    absent = peer.install();
  });

  it('its server goes on with our client', cell(peer, 'we connect'), async ({ skip }) => {
    if (absent !== undefined) skip(`absent: ${peer.name} needs ${absent}`);
    if (peer.serverLacks.CID !== undefined) skip(peer.serverLacks.CID);
    const server = await peer.startServer(security);
    const relay = await startRelay(server.port);
    try {
      const client = ourClient(await connectWithOwnId(relay.port, certificate), { sent: [] });
      await talk(client, relay).finally(() => client.stop());
    } finally {
      relay.close();
      await server.stop();
    }
  });

  it('our server goes on with its client', cell(peer, 'it connects'), async ({ skip }) => {
    if (absent !== undefined) skip(`absent: ${peer.name} needs ${absent}`);
    if (peer.clientLacks.CID !== undefined) skip(peer.clientLacks.CID);
    const listener = await listenDtls({ host: '127.0.0.1', port: 0, certificate, versions: ['1.2'] });
    const server = serveResources(listener, { sent: [] });
    const relay = await startRelay(listener.address.port);
    try {
      const client = await peer.connect(relay.port, security);
      await talk(client, relay).finally(() => client.stop());
    } finally {
      relay.close();
      await server.close();
    }
  });
});
