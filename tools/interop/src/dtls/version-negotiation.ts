import { connectDtls, listenDtls } from '@lb-matrix/dtls-transport/node';
import { expect, it } from 'vitest';
import type { Certificates } from '../certificate.ts';
import { clientOptions, exchange, firstSession, serverOptions } from './association.ts';
import { cellOf } from './conversations.ts';
import type { DtlsPeer, DtlsSetup } from './peer.ts';
import { NO_SHARED_KEYS, PSK } from './scenarios-13.ts';

type Versions = NonNullable<DtlsSetup['version']>;

interface Negotiation {
  readonly feature: string;
  readonly client: Versions;
  readonly server: Versions;
  readonly agreed: '1.2' | '1.3' | undefined;
  /** Both show themselves by a shared key in place of the certificate. */
  readonly psk?: DtlsSetup['psk'];
  /** Why it does not run, by peer. */
  readonly notWith?: Readonly<Record<string, string>>;
}

const NEGOTIATIONS: readonly Negotiation[] = [
  { feature: 'both speak 1.2 and 1.3: it is 1.3', client: 'both', server: 'both', agreed: '1.3' },
  { feature: 'a client of both, a server of 1.2: it is 1.2', client: 'both', server: '1.2', agreed: '1.2' },
  { feature: 'a client of 1.2, a server of both: it is 1.2', client: '1.2', server: 'both', agreed: '1.2' },
  { feature: 'a client of 1.3, a server of 1.2: they part', client: '1.3', server: '1.2', agreed: undefined },
  { feature: 'a client of 1.2, a server of 1.3: they part', client: '1.2', server: '1.3', agreed: undefined },
  withKey({
    feature: 'both speak 1.2 and 1.3 with a shared key: it is 1.3',
    client: 'both',
    server: 'both',
    agreed: '1.3',
  }),
  withKey({
    feature: 'a client of both with a shared key, a server of 1.2: it is 1.2',
    client: 'both',
    server: '1.2',
    agreed: '1.2',
  }),
];

function withKey(negotiation: Negotiation): Negotiation {
  return { ...negotiation, psk: PSK, notWith: NO_SHARED_KEYS };
}

/** The tests of clients and servers that do not speak the same versions. */
export function itAgreesOnAVersion(peer: DtlsPeer, table: string, certificateOf: Certificates): void {
  for (const { feature, client, server, agreed, psk, notWith } of NEGOTIATIONS) {
    const shown = psk === undefined ? { certificate: certificateOf('p256', 'server') } : { psk };
    const reason = notWith?.[peer.name];

    it(`our client: ${feature}`, cellOf(table, peer, feature, 'we connect'), async ({ skip }) => {
      if (reason !== undefined) skip(reason);
      const its = await peer.startServer({ version: server, ...shown });
      try {
        const connecting = connectDtls({
          ...clientOptions({ version: client, ...shown }, its.port),
          handshakeTimeout: agreed === undefined ? 3_000 : 20_000,
        });
        if (agreed === undefined) {
          await expect(connecting).rejects.toMatchObject({
            code: expect.stringMatching(/^ERR_DTLS_(ALERT|PEER|TIMEOUT)$/),
          });
          return;
        }
        const pipe = await connecting;
        expect(pipe.protocol.version).toBe(`DTLS ${agreed}`);
        await exchange(pipe, 'hello', () => its.echoes('hello'));
        pipe.close();
        await its.closed();
      } finally {
        await its.stop();
      }
    });

    it(`its client: ${feature}`, cellOf(table, peer, feature, 'it connects'), async ({ skip }) => {
      if (reason !== undefined) skip(reason);
      const ours = await listenDtls(serverOptions({ version: server, ...shown }));
      const session = firstSession(ours);
      const connecting = peer.connect(ours.address.port, { version: client, ...shown });
      try {
        if (agreed === undefined) {
          await expect(connecting).rejects.toThrow(/ERROR/);
          return;
        }
        const its = await connecting;
        await its.shows('HELLO');
        expect(session.pipe().protocol.version).toBe(`DTLS ${agreed}`);
        await its.close();
        expect(await session.closed).toBeUndefined();
      } finally {
        await ours.close();
      }
    });
  }
}
