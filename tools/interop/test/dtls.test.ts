/** Every DTLS 1.2 scenario with every peer, in both directions; docs/interop.md has the table. */
import { connectDtls, listenDtls } from '@lb-matrix/dtls-transport/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { certificateStore } from '../src/certificate.ts';
import { clientOptions, serverOptions } from '../src/dtls/association.ts';
import { itMoves } from '../src/dtls/connection-ids.ts';
import { cellOf, itTalks } from '../src/dtls/conversations.ts';
import { dimpl } from '../src/dtls/dimpl.ts';
import { gnutls } from '../src/dtls/gnutls.ts';
import { openssl } from '../src/dtls/openssl.ts';
import type { DtlsSetup } from '../src/dtls/peer.ts';
import { pion } from '../src/dtls/pion.ts';
import { itRefuses } from '../src/dtls/refusals.ts';
import { SCENARIOS } from '../src/dtls/scenarios.ts';
import { wolfssl } from '../src/dtls/wolfssl.ts';

const TABLE = 'DTLS 1.2';
const ANOTHER_KEY = 'a client with another shared key is turned away';
const certificateOf = certificateStore();

const shared: DtlsSetup = { suite: 'PSK_WITH_AES_128_CCM_8', psk: { identity: 'dev1', hexKey: '00'.repeat(16) } };
const withAnotherKey: DtlsSetup = { ...shared, psk: { identity: 'dev1', hexKey: '11'.repeat(16) } };

describe.each([openssl, gnutls, pion, wolfssl, dimpl])('$name', (peer) => {
  beforeAll(() => peer.install());

  for (const scenario of SCENARIOS) itTalks(peer, TABLE, scenario, certificateOf);

  itMoves(peer, '1.2', certificateOf);
  itRefuses(peer, TABLE, {
    setup: { suite: 'ECDHE_ECDSA_WITH_AES_128_GCM' },
    certificateOf,
    silent: [gnutls, dimpl],
    alwaysCertified: { dimpl: 'it always has a certificate' },
  });

  it(
    'our client goes nowhere with another key than its server has',
    cellOf(TABLE, peer, ANOTHER_KEY, 'we connect'),
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

  it(
    'our server tells its client that it has another key',
    cellOf(TABLE, peer, ANOTHER_KEY, 'it connects'),
    async () => {
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
    },
  );
});
