import { connectDtls, type DtlsPipe, listenDtls } from '@lb-matrix/dtls-transport/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CertificateFiles, makeCertificate } from '../src/certificate.ts';
import { freeUdpPort } from '../src/free-port.ts';
import { ensureProgram } from '../src/install.ts';
import { startPeer } from '../src/process.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

let certificate: CertificateFiles;

beforeAll(() => {
  ensureProgram('openssl', 'openssl');
  certificate = makeCertificate();
});

describe('openssl s_client to our server', () => {
  it.each([
    ['its defaults', []],
    ['P-256 alone', ['-groups', 'P-256']],
    ['a small MTU', ['-mtu', '300']],
  ])('with %s: verifies us, sends, receives, and says goodbye', async (_, flags) => {
    const server = await listenDtls({ host: '127.0.0.1', port: 0, certificate });
    let closed: unknown = 'not yet';
    server.onPipe = (pipe: DtlsPipe) => {
      pipe.onClose = (reason) => {
        closed = reason;
      };
      pipe.onDatagram = (datagram) => pipe.send(bytes(text(datagram).toUpperCase()));
    };
    const client = startPeer('openssl', [
      ...['s_client', '-dtls1_2', '-connect', `127.0.0.1:${server.address.port}`, '-CAfile', certificate.certFile],
      ...['-verify_return_error', '-verify_ip', '127.0.0.1', ...flags],
    ]);
    try {
      await client.waitFor(/Verify return code: 0 \(ok\)/);
      expect(client.output()).toContain('Cipher    : ECDHE-ECDSA-AES128-GCM-SHA256');
      expect(client.output()).toMatch(/Extended master secret: yes/);
      client.write('hello openssl\n');
      await client.waitFor(/HELLO OPENSSL/);
      client.write('Q\n');
      // A close in order has no reason.
      await expect.poll(() => closed).toBeUndefined();
    } finally {
      await client.stop();
      await server.close();
    }
  });
});

describe('our client to openssl s_server', () => {
  it.each([
    ['its defaults (it fragments at 228 bytes)', []],
    ['P-256 alone', ['-groups', 'P-256']],
    ['a small MTU', ['-mtu', '300']],
  ])('with %s: verifies it, sends, receives, and says goodbye', async (_, flags) => {
    const port = await freeUdpPort();
    const server = startPeer('openssl', [
      ...['s_server', '-dtls1_2', '-accept', `127.0.0.1:${port}`],
      ...['-cert', certificate.certFile, '-key', certificate.keyFile, ...flags],
    ]);
    try {
      await server.waitFor(/ACCEPT/);
      const pipe = await connectDtls({ host: '127.0.0.1', port, roots: certificate.chain });
      const received = new Promise<string>((resolve) => {
        pipe.onDatagram = (datagram) => resolve(text(datagram));
      });
      pipe.send(bytes('hello from us\n'));
      await server.waitFor(/hello from us/);
      server.write('hello from openssl\n');
      expect(await received).toBe('hello from openssl\n');

      pipe.close();
      await server.waitFor(/DONE/);
    } finally {
      await server.stop();
    }
  });

  it('refuses a certificate that no root vouches for', async () => {
    const port = await freeUdpPort();
    const server = startPeer('openssl', [
      ...['s_server', '-dtls1_2', '-accept', `127.0.0.1:${port}`],
      ...['-cert', certificate.certFile, '-key', certificate.keyFile],
    ]);
    try {
      await server.waitFor(/ACCEPT/);
      const other = makeCertificate();
      await expect(connectDtls({ host: '127.0.0.1', port, roots: other.chain })).rejects.toMatchObject({
        code: 'ERR_DTLS_CERTIFICATE',
      });
      await expect(
        connectDtls({ host: '127.0.0.1', port, roots: certificate.chain, serverName: 'example.org' }),
      ).rejects.toMatchObject({ code: 'ERR_DTLS_CERTIFICATE', reason: 'name-mismatch' });
    } finally {
      await server.stop();
    }
  });
});
