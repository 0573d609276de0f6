/** The peers of DTLS 1.3 with each other: what a cell shows of us is worth what they show of themselves. */
import { beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate } from '../src/certificate.ts';
import { dimpl } from '../src/dtls/dimpl.ts';
import type { DtlsSetup } from '../src/dtls/peer.ts';
import { wolfssl } from '../src/dtls/wolfssl.ts';

describe.each([
  { connecting: wolfssl, serving: dimpl },
  { connecting: dimpl, serving: wolfssl },
])('$connecting.name connects to $serving.name', ({ connecting, serving }) => {
  const certificate = makeCertificate();
  const setup: DtlsSetup = { version: '1.3', suite: 'CHACHA20_POLY1305', group: 'x25519', certificate };
  beforeAll(() => {
    connecting.install();
    serving.install();
  });

  it('in 1.3, with a certificate on both sides', async () => {
    const both = { ...setup, clientCertificate: makeCertificate() };
    const server = await serving.startServer(both);
    try {
      const client = await connecting.connect(server.port, both);
      await client.shows('echo 1 hello');
      await client.close();
      await server.echoes('hello');
      await server.closed();
    } finally {
      await server.stop();
    }
  });

  it('not with a certificate that nobody vouches for', async () => {
    const server = await serving.startServer(setup);
    try {
      const stranger = { ...setup, certificate: makeCertificate() };
      await expect(connecting.connect(server.port, stranger)).rejects.toThrow(/no signer|unknown/);
    } finally {
      await server.stop();
    }
  });
});
