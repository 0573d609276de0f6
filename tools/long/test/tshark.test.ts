/**
 * Our key log of DTLS 1.3 in tshark 4.4, the first that knows 1.3, from Debian 13. It does not decrypt records with sequence
 * numbers of 8 bits, which ours are, so it reads those of wolfSSL: as server they show what it says, as client what it asks.
 */
import { connectDtls, listenDtls } from '@lb-matrix/dtls-transport/node';
import { makeCertificate } from '@lb-matrix/interop/certificate';
import { clientOptions, exchange, firstSession, serverOptions } from '@lb-matrix/interop/dtls/association';
import type { DtlsSetup } from '@lb-matrix/interop/dtls/peer';
import { wolfssl } from '@lb-matrix/interop/dtls/wolfssl';
import { debianRoot } from '@lb-matrix/interop/install';
import { observe, type Tshark } from '@lb-matrix/interop/tshark';
import { beforeAll, describe, expect, test } from 'vitest';

let tshark: Tshark;
beforeAll(() => {
  const root = debianRoot('trixie', 'tshark');
  tshark = { command: ['chroot', root, 'tshark'], root };
  wolfssl.install();
}, 600_000);

/** Of a key log, by RFC 9850. */
const secretsOf = (keys: string): string[] => keys.split('\n').map((line) => line.split(' ')[0]!);
const SECRETS = ['CLIENT_HANDSHAKE_', 'SERVER_HANDSHAKE_', 'CLIENT_', 'SERVER_'].map((name) => `${name}TRAFFIC_SECRET`);

/** `hello`, which wolfSSL says or says again. */
const DATA = /Data: 68656c6c6f/;

describe.each(['AES_128_GCM', 'AES_256_GCM', 'CHACHA20_POLY1305'] as const)('%s', (suite) => {
  const setup: DtlsSetup = { version: '1.3', suite, certificate: makeCertificate() };

  test('with the key log of our client, tshark reads the server', async () => {
    const server = await wolfssl.startServer(setup);
    const { keys, shown } = await observe(tshark, server.port, 'data', async (keyLog) => {
      const pipe = await connectDtls({ ...clientOptions(setup, server.port), keyLog });
      await exchange(pipe, 'hello', () => server.echoes('hello'));
      pipe.close();
      await server.closed();
    });
    await server.stop();
    expect(secretsOf(keys)).toEqual([...SECRETS.slice(0, 2), ...SECRETS.slice(2).map((name) => `${name}_0`), '']);
    expect(shown).toContain('Handshake Type: Certificate Verify (15)');
    expect(shown).toMatch(DATA);
  });

  test('with the key log of our server, tshark reads the client', async () => {
    let keyLog: (line: string) => void = () => {};
    const server = await listenDtls({ ...serverOptions(setup), keyLog: (line) => keyLog(line) });
    const session = firstSession(server);
    const { shown } = await observe(tshark, server.address.port, 'data', async (log) => {
      keyLog = log;
      const client = await wolfssl.connect(server.address.port, setup);
      await client.shows('HELLO');
      await client.close();
      await session.closed;
    });
    await server.close();
    expect(shown).toContain('Handshake Type: Finished (20)');
    expect(shown).toMatch(DATA);
  });
});
