/** Every DTLS 1.2 scenario with every peer, in both directions; docs/interop.md has the table. */
import {
  type ConnectDtlsOptions,
  connectDtls,
  type DtlsPipe,
  type ListenDtlsOptions,
  listenDtls,
} from '@lb-matrix/dtls-transport/node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Cell, Direction } from '../src/cell.ts';
import { type CertificateFiles, type KeyKind, makeCertificate } from '../src/certificate.ts';
import { dimpl } from '../src/dtls/dimpl.ts';
import { gnutls } from '../src/dtls/gnutls.ts';
import { openssl } from '../src/dtls/openssl.ts';
import type { DtlsPeer, DtlsSetup } from '../src/dtls/peer.ts';
import { pion } from '../src/dtls/pion.ts';
import { reasonAgainst, SCENARIOS, setupOf } from '../src/dtls/scenarios.ts';
import { wolfssl } from '../src/dtls/wolfssl.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

const made = new Map<string, CertificateFiles>();
/** One certificate of a kind and role for the whole run. */
function certificateOf(kind: KeyKind, role: 'server' | 'client' | 'stranger' = 'server'): CertificateFiles {
  const key = `${kind} ${role}`;
  const known = made.get(key) ?? makeCertificate(kind);
  made.set(key, known);
  return known;
}

const cell = (peer: DtlsPeer, feature: string, direction: Direction): { meta: { cell: Cell } } => ({
  meta: { cell: { table: 'DTLS 1.2', peer: peer.name, feature, direction } },
});

describe.each([openssl, gnutls, pion, wolfssl, dimpl])('$name', (peer) => {
  beforeAll(() => peer.install());

  for (const scenario of SCENARIOS) {
    const { feature, mtu } = scenario;
    const both = { ...(mtu === undefined ? {} : { mtu }) };

    it(
      `${feature}: our client verifies its server, talks and says goodbye`,
      cell(peer, feature, 'we connect'),
      async ({ skip }) => {
        const reason = reasonAgainst(scenario, peer.name, 'we connect');
        if (reason !== undefined) skip(reason);
        const setup = setupOf(scenario, certificateOf);
        const server = await peer.startServer(setup);
        try {
          const pipe = await connectDtls({ ...clientOptions(setup, server.port), ...both });
          expectAgreed(pipe, setup);
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
        const reason = reasonAgainst(scenario, peer.name, 'it connects');
        if (reason !== undefined) skip(reason);
        const setup = setupOf(scenario, certificateOf);
        const server = await listenDtls({ ...serverOptions(setup), ...both });
        const session = firstSession(server);
        const client = await peer.connect(server.address.port, setup);
        try {
          await client.shows('HELLO');
          expectAgreed(session.pipe(), setup);
          expectClient(session.pipe(), setup);
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
        ).rejects.toThrow(/unknown|not trusted|certificate verify failed|signed by|no signer/i);
        expect(pipes).toBe(0);
      } finally {
        await server.close();
      }
    },
  );

  it(
    'its server turns our client away that shows no certificate where one is demanded',
    cell(peer, 'a client without the demanded certificate is turned away', 'we connect'),
    async () => {
      const setup: DtlsSetup = {
        certificate: certificateOf('p256'),
        clientCertificate: certificateOf('p256', 'client'),
      };
      const server = await peer.startServer(setup);
      try {
        await expect(
          connectDtls({ ...clientOptions(setup, server.port), clientCertificate: undefined, handshakeTimeout: 4_000 }),
          // gnutls-serv and dimpl only fall silent.
        ).rejects.toMatchObject({ code: peer === gnutls || peer === dimpl ? 'ERR_DTLS_TIMEOUT' : 'ERR_DTLS_ALERT' });
      } finally {
        await server.stop();
      }
    },
  );

  it(
    'our server turns its client away that shows no certificate where one is demanded',
    cell(peer, 'a client without the demanded certificate is turned away', 'it connects'),
    async ({ skip }) => {
      if (peer === dimpl) skip('it always has a certificate');
      const setup: DtlsSetup = {
        certificate: certificateOf('p256'),
        clientCertificate: certificateOf('p256', 'client'),
      };
      const server = await listenDtls(serverOptions(setup));
      let pipes = 0;
      server.onPipe = () => {
        pipes++;
      };
      try {
        await expect(peer.connect(server.address.port, { certificate: setup.certificate })).rejects.toThrow(
          /alert|fatal/i,
        );
        expect(pipes).toBe(0);
      } finally {
        await server.close();
      }
    },
  );

  it(
    'our client goes nowhere with another key than its server has',
    cell(peer, ANOTHER_KEY, 'we connect'),
    async () => {
      const server = await peer.startServer(shared);
      try {
        await expect(
          connectDtls({ ...clientOptions(withAnotherKey, server.port), handshakeTimeout: 3_000 }),
          // They all fall silent.
        ).rejects.toMatchObject({ code: 'ERR_DTLS_TIMEOUT' });
      } finally {
        await server.stop();
      }
    },
  );

  it('our server tells its client that it has another key', cell(peer, ANOTHER_KEY, 'it connects'), async () => {
    const server = await listenDtls(serverOptions(shared));
    let pipes = 0;
    server.onPipe = () => {
      pipes++;
    };
    try {
      await expect(peer.connect(server.address.port, withAnotherKey)).rejects.toThrow(/alert|fatal/i);
      expect(pipes).toBe(0);
    } finally {
      await server.close();
    }
  });
});

const ANOTHER_KEY = 'a client with another shared key is turned away';
const shared: DtlsSetup = { suite: 'PSK_WITH_AES_128_CCM_8', psk: { identity: 'dev1', hexKey: '00'.repeat(16) } };
const withAnotherKey: DtlsSetup = { ...shared, psk: { identity: 'dev1', hexKey: '11'.repeat(16) } };

/** Our client's side of a setup. */
function clientOptions(
  { certificate, clientCertificate, psk, recordSize }: DtlsSetup,
  port: number,
): ConnectDtlsOptions {
  return {
    host: '127.0.0.1',
    port,
    roots: certificate?.chain,
    // A server tells its limit to a client that tells one.
    recordSizeLimit: recordSize && 16_384,
    clientCertificate,
    psk: psk && { identity: psk.identity, key: keyOf(psk) },
  };
}

/** Our server's side of a setup. */
function serverOptions({ certificate, clientCertificate, psk }: DtlsSetup): ListenDtlsOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    certificate,
    psk: psk && ((identity) => (identity === psk.identity ? keyOf(psk) : undefined)),
    requestClientCertificate: clientCertificate && { roots: clientCertificate.chain, required: true },
  };
}

const keyOf = ({ hexKey }: NonNullable<DtlsSetup['psk']>): Uint8Array => Uint8Array.from(Buffer.from(hexKey, 'hex'));

/** What we say of the association is what the setup wants. */
function expectAgreed(pipe: DtlsPipe, { suite, recordSize }: DtlsSetup): void {
  if (suite !== undefined) expect(pipe.protocol.cipherSuite).toMatch(new RegExp(`^TLS_${suite}(_SHA\\d+)?$`));
  if (recordSize !== undefined) expect(pipe.maxPayload).toBeLessThanOrEqual(recordSize);
}

/** And the client is who it should be. */
function expectClient({ peer }: DtlsPipe, { clientCertificate, psk }: DtlsSetup): void {
  expect(peer.pskIdentity).toBe(psk?.identity);
  expect(peer.certificates[0]).toEqual(clientCertificate?.chain[0]);
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
function firstSession(server: Awaited<ReturnType<typeof listenDtls>>): {
  /** Once there is one. */
  pipe(): DtlsPipe;
  readonly closed: Promise<Error | undefined>;
} {
  let first: DtlsPipe | undefined;
  const closed = new Promise<Error | undefined>((resolve) => {
    server.onPipe = (pipe) => {
      first = pipe;
      pipe.onClose = resolve;
      pipe.onDatagram = (datagram) => pipe.send(bytes(text(datagram).toUpperCase()));
    };
  });
  return { pipe: () => first!, closed };
}
