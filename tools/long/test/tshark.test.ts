/**
 * Our key log of DTLS 1.3 in tshark 4.4, the first that knows 1.3, from Debian 13: of our two ends, and of each of ours with wolfSSL.
 * It does not decrypt records with numbers of 8 bits, so ours have 16 where there is a key log.
 */
import { Code, OptionNumber, stringOption } from '@lb-matrix/coap-codec';
import { connect, listen } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
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

/** `hello`, which wolfSSL says or says again, and `HELLO`, which we say to it. */
const [HELLO, OUR_HELLO] = [/Data: 68656c6c6f/, /Data: 48454c4c4f/];

describe.each(['AES_128_GCM', 'AES_256_GCM', 'CHACHA20_POLY1305'] as const)('%s', (suite) => {
  const setup: DtlsSetup = { version: '1.3', suite, certificate: makeCertificate() };

  test('with the key log of our client, tshark reads both', async () => {
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
    expect(shown.match(new RegExp(HELLO, 'g'))).toHaveLength(2);
    expect(shown).toContain('Description: Close Notify');
  });

  test('with the key log of our server, tshark reads both', async () => {
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
    expect(shown).toContain('Handshake Type: Certificate Verify (15)');
    expect(shown).toContain('Handshake Type: Finished (20)');
    expect(shown).toMatch(HELLO);
    expect(shown).toMatch(OUR_HELLO);
  });
});

test('with key logs at our two ends, tshark shows the CoAP in a session of more than 256 records', async () => {
  const certificate = makeCertificate();
  const source = await listenDtls({ host: '127.0.0.1', port: 0, certificate, versions: ['1.3'], keyLog: () => {} });
  const { port } = source.address;
  const server = listen(source, {
    platform: nodePlatform,
    handler: ({ payload }) => ({ code: Code.Content, options: [], payload }),
  });
  const { shown } = await observe(tshark, port, 'coap', async (keyLog) => {
    const pipe = await connectDtls({
      ...{ host: '127.0.0.1', port, roots: certificate.chain, versions: ['1.3'] },
      keyLog,
    });
    const client = connect(pipe, { platform: nodePlatform });
    for (let count = 1; count <= 300; count++) {
      const options = [stringOption(OptionNumber.UriPath, `path-${count}`)];
      await client.request({ code: Code.PUT, options, payload: new TextEncoder().encode('seen') });
    }
    client.close();
    await server.close();
  });
  expect(new Set(shown.match(/(?<=Uri-Path: )path-\d+$/gm)).size).toBe(300);
  expect(shown.match(/Code: 2\.05 Content \(69\)/g)).toHaveLength(300);
  expect(shown).not.toMatch(/Malformed Packet/);
});
