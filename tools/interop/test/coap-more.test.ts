/** CoAP beside the ETSI descriptions, over UDP and over DTLS, with every peer, in both directions. */
import { connectUdp, listenUdp } from '@lb-matrix/coap-endpoint/node';
import { connectDtls, listenDtls } from '@lb-matrix/dtls-transport/node';
import { beforeAll, describe, it, vi } from 'vitest';
import type { Cell, Direction } from '../src/cell.ts';
import { type CertificateFiles, makeCertificate } from '../src/certificate.ts';
import { benchOf } from '../src/coap/bench.ts';
import { libcoapOnGnutls } from '../src/coap/libcoap.ts';
import { MORE_CASES, type MoreCase } from '../src/coap/more-cases.ts';
import { ourClient } from '../src/coap/our-client.ts';
import { serveResources } from '../src/coap/our-server.ts';
import type { CoapPeer } from '../src/coap/peer.ts';
import { COAP_PEERS } from '../src/coap/peers.ts';
import type { Wire } from '../src/coap/trace.ts';

vi.setConfig({ testTimeout: 40_000 });

const cell = (peer: CoapPeer, { title }: MoreCase, direction: Direction): { meta: { cell: Cell } } => ({
  meta: { cell: { table: 'CoAP, beside them', peer: peer.name, feature: title, direction } },
});

let certificate: CertificateFiles;

beforeAll(() => {
  certificate = makeCertificate();
});

describe.each([...COAP_PEERS, libcoapOnGnutls])('$name', (peer) => {
  let absent: string | undefined;

  beforeAll(() => {
    absent = peer.install();
  });

  for (const one of MORE_CASES) {
    const { mtu } = one;
    const security = () => (one.over === 'DTLS' ? { certificate } : undefined);

    it(`${one.title}: our client`, cell(peer, one, 'we connect'), async ({ skip }) => {
      if (absent !== undefined) skip(`absent: ${peer.name} needs ${absent}`);
      const reason = peer.serverLacks[one.id];
      if (reason !== undefined) skip(reason);
      const server = await peer.startServer(security());
      try {
        const at = { host: '127.0.0.1', port: server.port, mtu };
        const pipe =
          one.over === 'DTLS' ? await connectDtls({ ...at, roots: certificate.chain }) : await connectUdp(at);
        const wire: Wire = { sent: [] };
        const client = ourClient(pipe, wire);
        await one.run(benchOf({ client, wire, server })).finally(() => client.stop());
      } finally {
        await server.stop();
      }
    });

    it(`${one.title}: its client`, cell(peer, one, 'it connects'), async ({ skip }) => {
      if (absent !== undefined) skip(`absent: ${peer.name} needs ${absent}`);
      const reason = peer.clientLacks[one.id];
      if (reason !== undefined) skip(reason);
      const at = { host: '127.0.0.1', port: 0, mtu };
      const listener = one.over === 'DTLS' ? await listenDtls({ ...at, certificate }) : await listenUdp(at);
      const wire: Wire = { sent: [] };
      const server = serveResources(listener, wire);
      try {
        const client = await peer.connect(listener.address.port, security());
        await one.run(benchOf({ client, wire })).finally(() => client.stop());
      } finally {
        await server.close();
      }
    });
  }
});
