/** What is special about go-coap 3 servers, and the command line `coap` with them; the protocol itself is in coap-etsi.test.ts. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Code, OptionNumber, stringOption } from '@lb-matrix/coap-codec';
import { connect } from '@lb-matrix/coap-endpoint';
import { connectUdp, listenUdp, nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CertificateFiles, makeCertificate } from '../src/certificate.ts';
import { goCoap } from '../src/coap/go-coap.ts';
import { serveResources } from '../src/coap/our-server.ts';
import type { Wire } from '../src/coap/trace.ts';
import { startTool } from '../src/proxy.ts';

let certificate: CertificateFiles;

beforeAll(() => {
  goCoap.install();
  certificate = makeCertificate();
});

async function coap(...args: string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const tool = startTool('coap-cli', args);
  return { code: await tool.exited, output: tool.output() };
}

describe('coap to go-coap', () => {
  it('over UDP: puts 10,000 bytes in blocks, in packets of 400 bytes, and reads them back; a 4.04 is exit code 1', async () => {
    const server = await goCoap.startServer();
    try {
      const file = join(mkdtempSync(join(tmpdir(), 'lbm-put-')), 'body');
      writeFileSync(file, 'abcdefghij'.repeat(1000));
      const at = `coap://127.0.0.1:${server.port}`;
      const put = ['-X', 'PUT', '-d', `@${file}`, '-H', 'Content-Type: application/octet-stream', '--mtu', '400'];
      expect(await coap(...put, `${at}/large-update`)).toEqual({ code: 0, output: '' });
      expect(await coap(`${at}/large-update`)).toEqual({ code: 0, output: readFileSync(file, 'utf8') });
      expect((await coap(`${at}/nowhere`)).code).toBe(1);
    } finally {
      await server.stop();
    }
  });

  it('over DTLS: verifies the certificate and gets 64 KiB in blocks', async () => {
    const server = await goCoap.startServer({ certificate });
    try {
      const uri = `coaps://127.0.0.1:${server.port}/large`;
      expect(await coap('--cacert', certificate.certFile, uri)).toEqual({
        code: 0,
        output: '0123456789abcdef'.repeat(4096),
      });
    } finally {
      await server.stop();
    }
  });
});

describe('a go-coap server that answers each Reset with a 4.04', () => {
  it('is left alone, so that it ends', async () => {
    const server = await goCoap.startServer();
    const client = connect(await connectUdp({ host: '127.0.0.1', port: server.port }), { platform: nodePlatform });
    try {
      const obs = { code: Code.GET, options: [stringOption(OptionNumber.UriPath, 'obs')] };
      // To leave the loop forgets the observation: what the server then says is reset.
      for await (const _state of client.observe(obs, { forget: true })) break;
      await sleep(1500);
      const { datagramsSent, datagramsReceived } = client.stats();
      expect(datagramsReceived).toBeGreaterThan(60);
      await sleep(2000);
      const later = client.stats();
      expect(later.datagramsSent).toBe(datagramsSent);
      // It says the last ones again, and still notifies.
      expect(later.datagramsReceived - datagramsReceived).toBeLessThan(50);
    } finally {
      client.close();
      await server.stop();
    }
  });
});

describe('a go-coap client that does not know Echo, over plain UDP', () => {
  it('gets large notifications, in blocks that are small at first', async () => {
    const listener = await listenUdp();
    const wire: Wire = { sent: [] };
    const server = serveResources(listener, wire);
    const client = await goCoap.connect(listener.address.port);
    try {
      const states = await client.observe({ path: ['obs-large'], states: 4 });
      expect(states.map((state) => state.length)).toEqual([3000, 3000, 3000, 3000]);
      const sizes = wire.sent.filter(({ from }) => from === 'server').map(({ message }) => message.payload.length);
      expect(sizes[0]).toBe(64);
      expect(Math.max(...sizes)).toBeGreaterThan(64);
    } finally {
      await client.stop();
      await server.close();
    }
  });
});
