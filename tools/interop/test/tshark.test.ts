import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, OptionNumber, stringOption } from '@lb-matrix/coap-codec';
import { connect, listen } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { connectDtls, listenDtls } from '@lb-matrix/dtls-transport/node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Cell } from '../src/cell.ts';
import { makeCertificate } from '../src/certificate.ts';
import { ensureProgram } from '../src/install.ts';
import { startPeer } from '../src/process.ts';

beforeAll(() => {
  ensureProgram('tshark', 'tshark');
  ensureProgram('tcpdump', 'tcpdump');
});

describe('tshark with our key log', () => {
  const cell: Cell = {
    table: 'Other tools',
    feature: 'decrypts our DTLS with our key log and shows the CoAP',
    peer: 'tshark',
  };

  it('decrypts a session and shows the CoAP in it', { meta: { cell } }, async () => {
    const certificate = makeCertificate();
    const dir = mkdtempSync(join(tmpdir(), 'lbm-tshark-'));
    const [capture, keys] = [join(dir, 'x.pcap'), join(dir, 'x.keys')];
    writeFileSync(keys, '');
    const source = await listenDtls({ host: '127.0.0.1', port: 0, certificate });
    const { port } = source.address;
    const server = listen(source, {
      platform: nodePlatform,
      handler: ({ payload }) => ({ code: Code.Content, options: [], payload }),
    });
    const tcpdump = startPeer('tcpdump', [
      ...['--immediate-mode', '-n', '-Z', 'root', '-i', 'lo', '-U', '-w', capture, `udp port ${port}`],
    ]);
    await tcpdump.waitFor(/listening on/);

    const pipe = await connectDtls({
      // tshark 4.0 does not decrypt ChaCha20-Poly1305 in DTLS 1.2.
      cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
      host: '127.0.0.1',
      port,
      roots: certificate.chain,
      keyLog: (line) => writeFileSync(keys, `${line}\n`, { flag: 'a' }),
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
    await tcpdump.stop('SIGINT');

    expect(readFileSync(keys, 'utf8')).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/);
    const shown = execFileSync(
      'tshark',
      [
        '-r',
        capture,
        '-d',
        `udp.port==${port},dtls`,
        '-d',
        `dtls.port==${port},coap`,
        '-o',
        `tls.keylog_file:${keys}`,
        '-V',
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    expect(shown).toContain('Uri-Path: secret-path');
    expect(shown).toContain('Code: PUT (3)');
    expect(shown).toContain('Code: 2.05 Content (69)');
    expect(shown).not.toMatch(/Malformed Packet/);
  });
});
