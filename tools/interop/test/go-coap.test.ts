/** `coap` against a go-coap 3 server (with pion/dtls 3 underneath where it is DTLS). */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CertificateFiles, makeCertificate } from '../src/certificate.ts';
import { freeUdpPort } from '../src/free-port.ts';
import { buildGoPeer } from '../src/install.ts';
import { type Peer, startPeer } from '../src/process.ts';
import { startTool } from '../src/proxy.ts';

let binary: string;
let certificate: CertificateFiles;
let server: Peer | undefined;

beforeAll(() => {
  binary = buildGoPeer('pion-peer');
  certificate = makeCertificate();
});

afterEach(async () => {
  await server?.stop();
});

describe.each([
  ['plain UDP', 'coap', [], []],
  ['DTLS', 'coaps', ['cert', 'key'], ['--cacert']],
])('coap to go-coap over %s', (_, scheme, serverFiles, clientFlags) => {
  /** Starts the server; the returned function runs `coap` on a path of it and resolves with what it printed. */
  async function start(): Promise<
    (path: string, ...flags: string[]) => Promise<{ code: number | null; output: string }>
  > {
    const address = `127.0.0.1:${await freeUdpPort()}`;
    const files = { cert: certificate.certFile, key: certificate.keyFile };
    const security = serverFiles.length === 0 ? ['-plain'] : ['-cert', files.cert, '-key', files.key];
    server = startPeer(binary, ['coap-server', '-addr', address, ...security]);
    await server.waitFor(/LISTENING/);
    return async (path, ...flags) => {
      const trust = clientFlags.flatMap((flag) => [flag, certificate.certFile]);
      const tool = startTool('coap-cli', [...trust, ...flags, `${scheme}://${address}${path}`]);
      return { code: await tool.exited, output: tool.output() };
    };
  }

  it('gets a small answer', async () => {
    const coap = await start();
    expect(await coap('/hello')).toEqual({ code: 0, output: 'world' });
  });

  it('gets 64 KiB in blocks, byte for byte', async () => {
    const coap = await start();
    const { code, output } = await coap('/large');
    expect(code).toBe(0);
    expect(output).toBe('0123456789abcdef'.repeat(4096));
  });

  it('puts 10,000 bytes in blocks, with a small MTU, and reads them back', async () => {
    const coap = await start();
    const file = join(mkdtempSync(join(tmpdir(), 'lbm-put-')), 'body');
    writeFileSync(file, 'abcdefghij'.repeat(1000));
    const put = await coap(
      '/store',
      '-X',
      'PUT',
      '-d',
      `@${file}`,
      '-H',
      'Content-Type: application/octet-stream',
      '--mtu',
      '400',
    );
    expect(put).toEqual({ code: 0, output: '' });
    const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
    await server?.waitFor(new RegExp(`stored 10000 bytes sha256=${digest}`));
    expect((await coap('/store')).output).toBe(readFileSync(file, 'utf8'));
  });

  it('tells a 4.04 by exit code 1', async () => {
    const coap = await start();
    expect((await coap('/nowhere')).code).toBe(1);
  });
});
