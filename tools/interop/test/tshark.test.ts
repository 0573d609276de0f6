import { Code, OptionNumber, stringOption } from '@lb-matrix/coap-codec';
import { connect, listen } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { connectDtls, listenDtls } from '@lb-matrix/dtls-transport/node';
import { beforeAll, expect, it } from 'vitest';
import type { Cell } from '../src/cell.ts';
import { makeCertificate } from '../src/certificate.ts';
import { ensureProgram } from '../src/install.ts';
import { observe } from '../src/tshark.ts';

beforeAll(() => ensureProgram('tshark', 'tshark'));

const cell: Cell = {
  table: 'Other tools',
  feature: 'decrypts our DTLS 1.2 with our key log and shows the CoAP',
  peer: 'tshark',
};

it('tshark decrypts a session with our key log and shows the CoAP in it', { meta: { cell } }, async () => {
  const certificate = makeCertificate();
  const source = await listenDtls({ host: '127.0.0.1', port: 0, certificate });
  const { port } = source.address;
  const server = listen(source, {
    platform: nodePlatform,
    handler: ({ payload }) => ({ code: Code.Content, options: [], payload }),
  });
  const { keys, shown } = await observe({ command: ['tshark'], root: '/' }, port, 'coap', async (keyLog) => {
    const pipe = await connectDtls({
      // tshark 4.0 does not decrypt ChaCha20-Poly1305 in DTLS 1.2.
      cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
      versions: ['1.2'],
      host: '127.0.0.1',
      port,
      roots: certificate.chain,
      keyLog,
    });
    const client = connect(pipe, { platform: nodePlatform });
    const payload = new TextEncoder().encode('seen by tshark');
    const answer = await client.request({
      code: Code.PUT,
      options: [stringOption(OptionNumber.UriPath, 'secret-path')],
      payload,
    });
    expect(answer.payload).toEqual(payload);
    client.close();
    await server.close();
  });
  expect(keys).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/);
  expect(shown).toContain('Uri-Path: secret-path');
  expect(shown).toContain('Code: PUT (3)');
  expect(shown).toContain('Code: 2.05 Content (69)');
  expect(shown).not.toMatch(/Malformed Packet/);
});
