/** Every DTLS 1.3 scenario with every peer that speaks it, in both directions; docs/interop.md has the table. */
import { connectDtls } from '@lb-matrix/dtls-transport/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { certificateStore } from '../src/certificate.ts';
import { clientOptions } from '../src/dtls/association.ts';
import { itMoves } from '../src/dtls/connection-ids.ts';
import { itTalks } from '../src/dtls/conversations.ts';
import { dimpl } from '../src/dtls/dimpl.ts';
import { itChangesKeys } from '../src/dtls/key-updates.ts';
import type { DtlsSetup } from '../src/dtls/peer.ts';
import { itRefuses } from '../src/dtls/refusals.ts';
import { itAsksAgain } from '../src/dtls/retry-requests.ts';
import { SCENARIOS_13 } from '../src/dtls/scenarios-13.ts';
import { itLosesDatagrams } from '../src/dtls/single-losses.ts';
import { itAgreesOnAVersion } from '../src/dtls/version-negotiation.ts';
import { wolfssl } from '../src/dtls/wolfssl.ts';

const TABLE = 'DTLS 1.3';
const certificateOf = certificateStore();

describe.each([wolfssl, dimpl])('$name', (peer) => {
  beforeAll(() => peer.install());

  for (const scenario of SCENARIOS_13) itTalks(peer, TABLE, scenario, certificateOf);

  itAsksAgain(peer, TABLE, certificateOf);
  itChangesKeys(peer, TABLE, certificateOf);
  itMoves(peer, '1.3', certificateOf);
  itLosesDatagrams(peer, TABLE, certificateOf);
  itAgreesOnAVersion(peer, TABLE, certificateOf);
  itRefuses(peer, TABLE, {
    setup: { version: '1.3' },
    certificateOf,
    silent: [dimpl],
    alwaysCertified: { dimpl: 'it always has a certificate' },
  });
});

it('a server that gives up in the middle of the handshake is an alert to our client', async () => {
  // wolfSSL cannot sign with this key, and says close_notify.
  const setup: DtlsSetup = { version: '1.3', rawKey: true, certificate: certificateOf('ed25519', 'server') };
  const server = await wolfssl.startServer(setup);
  try {
    await expect(connectDtls(clientOptions(setup, server.port))).rejects.toMatchObject({
      code: 'ERR_DTLS_ALERT',
      alertName: 'close_notify',
    });
  } finally {
    await server.stop();
  }
});
