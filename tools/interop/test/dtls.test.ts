/** Every DTLS 1.2 scenario with every peer, in both directions; docs/interop.md has the table. */
import { connectDtls, type DtlsPipe, listenDtls } from '@lb-matrix/dtls-transport/node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Cell, Direction } from '../src/cell.ts';
import { type CertificateFiles, type KeyKind, makeCertificate } from '../src/certificate.ts';
import { gnutls } from '../src/dtls/gnutls.ts';
import { openssl } from '../src/dtls/openssl.ts';
import type { DtlsPeer, DtlsSetup } from '../src/dtls/peer.ts';
import { pion } from '../src/dtls/pion.ts';
import { SCENARIOS, setupOf } from '../src/dtls/scenarios.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

const made = new Map<string, CertificateFiles>();
/** One certificate of a kind for the whole run; `role` asks for another one. */
function certificateOf(kind: KeyKind, role = 'server'): CertificateFiles {
  const key = `${kind} ${role}`;
  const known = made.get(key) ?? makeCertificate(kind);
  made.set(key, known);
  return known;
}

const cell = (peer: DtlsPeer, feature: string, direction: Direction): { meta: { cell: Cell } } => ({
  meta: { cell: { table: 'DTLS 1.2', peer: peer.name, feature, direction } },
});

describe.each([openssl, gnutls, pion])('$name', (peer) => {
  beforeAll(() => peer.install());

  for (const scenario of SCENARIOS) {
    const { feature, mtu, notWhereWeConnect = {}, notWhereItConnects = {} } = scenario;
    const both = { ...(mtu === undefined ? {} : { mtu }) };

    it(
      `${feature}: our client verifies its server, talks and says goodbye`,
      cell(peer, feature, 'we connect'),
      async ({ skip }) => {
        const reason = notWhereWeConnect[peer.name] ?? notWhereWeConnect['*'];
        if (reason !== undefined) skip(reason);
        const setup = setupOf(scenario, certificateOf);
        const server = await peer.startServer(setup);
        try {
          const pipe = await connectDtls({ ...clientOptions(setup, server.port), ...both });
          await exchange(pipe, 'hello from us\n', () => server.echoes('hello from us\n'));
          pipe.close();
          await server.closed();
        } finally {
          await server.stop();
        }
      },
    );

    it(
      `${feature}: its client verifies our server, talks and says goodbye`,
      cell(peer, feature, 'it connects'),
      async ({ skip }) => {
        const reason = notWhereItConnects[peer.name] ?? notWhereItConnects['*'];
        if (reason !== undefined) skip(reason);
        const setup = setupOf(scenario, certificateOf);
        const server = await listenDtls({ host: '127.0.0.1', port: 0, certificate: setup.certificate!, ...both });
        const session = firstSession(server);
        const client = await peer.connect(server.address.port, setup);
        try {
          await client.shows('HELLO');
          await client.close();
          // A close in order has no reason.
          expect(await session.closed).toBeUndefined();
        } finally {
          await client.stop();
          await server.close();
        }
      },
    );
  }

  it(
    'a server that no root vouches for is refused by us',
    cell(peer, 'a certificate of nobody is refused', 'we connect'),
    async () => {
      const setup: DtlsSetup = { suite: 'ECDHE_ECDSA_WITH_AES_128_GCM', certificate: certificateOf('p256') };
      const server = await peer.startServer(setup);
      try {
        const { port } = server;
        const other = certificateOf('p256', 'stranger');
        await expect(connectDtls({ host: '127.0.0.1', port, roots: other.chain })).rejects.toMatchObject({
          code: 'ERR_DTLS_CERTIFICATE',
        });
        await expect(connectDtls({ ...clientOptions(setup, port), serverName: 'example.org' })).rejects.toMatchObject({
          code: 'ERR_DTLS_CERTIFICATE',
          reason: 'name-mismatch',
        });
      } finally {
        await server.stop();
      }
    },
  );

  it(
    'our server is refused by its client where no root vouches for us',
    cell(peer, 'a certificate of nobody is refused', 'it connects'),
    async () => {
      const server = await listenDtls({ host: '127.0.0.1', port: 0, certificate: certificateOf('p256') });
      let pipes = 0;
      server.onPipe = () => {
        pipes++;
      };
      try {
        const stranger = certificateOf('p256', 'stranger');
        await expect(
          peer.connect(server.address.port, { suite: 'ECDHE_ECDSA_WITH_AES_128_GCM', certificate: stranger }),
        ).rejects.toThrow(/unknown|not trusted|certificate verify failed|signed by/i);
        expect(pipes).toBe(0);
      } finally {
        await server.close();
      }
    },
  );
});

function clientOptions({ certificate }: DtlsSetup, port: number): Parameters<typeof connectDtls>[0] {
  return { host: '127.0.0.1', port, ...(certificate === undefined ? {} : { roots: certificate.chain }) };
}

/** Sends a text and resolves when it has come back. */
async function exchange(pipe: DtlsPipe, sent: string, echoed: () => Promise<void>): Promise<void> {
  const received = new Promise<string>((resolve) => {
    pipe.onDatagram = (datagram) => resolve(text(datagram));
  });
  pipe.send(bytes(sent));
  await echoed();
  expect(await received).toBe(sent);
}

/** Answers the first session of a server in capitals. */
function firstSession(server: Awaited<ReturnType<typeof listenDtls>>): { readonly closed: Promise<Error | undefined> } {
  const closed = new Promise<Error | undefined>((resolve) => {
    server.onPipe = (pipe) => {
      pipe.onClose = resolve;
      pipe.onDatagram = (datagram) => pipe.send(bytes(text(datagram).toUpperCase()));
    };
  });
  return { closed };
}
