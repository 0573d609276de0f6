import { connectDtls, type DtlsPipe, listenDtls } from '@lb-matrix/dtls-transport/node';
import { expect, it } from 'vitest';
import type { Certificates } from '../certificate.ts';
import { clientOptions, serverOptions } from './association.ts';
import { cellOf } from './conversations.ts';
import type { DtlsPeer, DtlsSetup } from './peer.ts';

/** Where two parties must not come together. */
interface Refusals {
  /** What all of them are about. */
  readonly setup: DtlsSetup;
  readonly certificateOf: Certificates;
  /** Peers whose servers only fall silent when a certificate is missing. */
  readonly silent: readonly DtlsPeer[];
  /** Why a peer's client cannot do without a certificate. */
  readonly alwaysCertified: Readonly<Record<string, string>>;
}

const OF_NOBODY = 'a certificate of nobody is refused';
const UNCERTIFIED = 'a client without the demanded certificate is turned away';

/** The tests of certificates that must not pass, with a peer, in both directions. */
export function itRefuses(peer: DtlsPeer, table: string, refusals: Refusals): void {
  const { certificateOf, silent, alwaysCertified } = refusals;
  const setup: DtlsSetup = { ...refusals.setup, certificate: certificateOf('p256', 'server') };
  const demanding: DtlsSetup = { ...setup, clientCertificate: certificateOf('p256', 'client') };
  const listen = async (options: DtlsSetup) => {
    const server = await listenDtls(serverOptions(options));
    const pipes: unknown[] = [];
    server.onPipe = (pipe) => pipes.push(pipe);
    return { server, pipes, port: server.address.port };
  };

  it('a server that no root vouches for is refused by us', cellOf(table, peer, OF_NOBODY, 'we connect'), async () => {
    const server = await peer.startServer(setup);
    try {
      const options = clientOptions(setup, server.port);
      const roots = certificateOf('p256', 'stranger').chain;
      await expect(connectDtls({ ...options, roots })).rejects.toMatchObject({ code: 'ERR_DTLS_CERTIFICATE' });
      await expect(connectDtls({ ...options, serverName: 'example.org' })).rejects.toMatchObject({
        code: 'ERR_DTLS_CERTIFICATE',
        reason: 'name-mismatch',
      });
    } finally {
      await server.stop();
    }
  });

  it(
    'our server is refused by its client where no root vouches for us',
    cellOf(table, peer, OF_NOBODY, 'it connects'),
    async () => {
      const { server, pipes, port } = await listen(setup);
      try {
        const trusting = { ...setup, certificate: certificateOf('p256', 'stranger') };
        await expect(peer.connect(port, trusting)).rejects.toThrow(
          /unknown|not trusted|certificate verify failed|signed by|no signer/i,
        );
        expect(pipes).toEqual([]);
      } finally {
        await server.close();
      }
    },
  );

  it(
    'its server turns our client away that shows no certificate where one is demanded',
    cellOf(table, peer, UNCERTIFIED, 'we connect'),
    async () => {
      const server = await peer.startServer(demanding);
      try {
        const options = { ...clientOptions(demanding, server.port), clientCertificate: undefined };
        const end = endOf(connectDtls({ ...options, handshakeTimeout: 4_000 }));
        await expect(end).rejects.toMatchObject({
          code: silent.includes(peer) ? 'ERR_DTLS_TIMEOUT' : 'ERR_DTLS_ALERT',
        });
      } finally {
        await server.stop();
      }
    },
  );

  it(
    'our server turns its client away that shows no certificate where one is demanded',
    cellOf(table, peer, UNCERTIFIED, 'it connects'),
    async ({ skip }) => {
      const reason = alwaysCertified[peer.name];
      if (reason !== undefined) skip(reason);
      const { server, pipes, port } = await listen(demanding);
      try {
        await expect(peer.connect(port, setup)).rejects.toThrow(/alert|fatal/i);
        expect(pipes).toEqual([]);
      } finally {
        await server.close();
      }
    },
  );
}

/** Rejects with why there is no association: in 1.3 the client's part of the handshake is done before the server judges it. */
async function endOf(connecting: Promise<DtlsPipe>): Promise<void> {
  const pipe = await connecting;
  await new Promise<void>((resolve, reject) => {
    pipe.onClose = (reason) => (reason === undefined ? resolve() : reject(reason));
  });
}
