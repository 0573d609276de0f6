import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { connectDtls } from '@lb-matrix/dtls-transport/node';
import { sendJson, startHttpServer } from '@lb-matrix/scripted-http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeCertificate } from './support/certificate-files.ts';
import { connectLowBandwidth } from './support/low-bandwidth.ts';
import { startTestProxy } from './support/proxy.ts';
import { runCli } from './support/run-cli.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const WAIT = { timeout: 15_000, interval: 50 };

/** Handshakes and verifies. */
async function greet(port: number, root: Uint8Array): Promise<void> {
  (await connectDtls({ host: '127.0.0.1', port, serverName: 'localhost', roots: [root] })).close();
}

/** The certificate that HTTPS shows to a new connection. */
async function shownByHttps(port: number): Promise<Uint8Array> {
  const outgoing = request({ host: '127.0.0.1', port, path: '/', agent: false, rejectUnauthorized: false });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  const { raw } = (response.socket as TLSSocket).getPeerCertificate();
  response.resume();
  return new Uint8Array(raw);
}

async function answering(): Promise<string> {
  return startHttpServer((_, response) => sendJson(response, 200, { versions: [] }));
}

describe('the original’s fault: certificates are read once', () => {
  it('new files serve new sessions over DTLS and HTTPS, and old sessions go on', async () => {
    const folder = temporaryDirectory();
    const old = writeCertificate(folder);
    const files = ['--tls-cert', old.files.certificate, '--tls-key', old.files.key];
    const { port, lines } = await startTestProxy(await answering(), [...files, '--advertise', 'https://lb.example']);
    const session = await connectLowBandwidth(port);
    await session.request('GET', '/_matrix/client/versions');
    await greet(port, old.der);
    expect(await shownByHttps(port)).toEqual(old.der);

    const renewed = writeCertificate(folder);
    await expect.poll(() => lines.join(''), WAIT).toContain('Using the new certificate in');
    await greet(port, renewed.der);
    await expect(greet(port, old.der)).rejects.toMatchObject({ code: 'ERR_DTLS_CERTIFICATE' });
    expect(await shownByHttps(port)).toEqual(renewed.der);
    expect(await session.request('GET', '/_matrix/client/versions')).toMatchObject({ status: 200 });

    writeFileSync(renewed.files.key, 'half a f');
    await expect.poll(() => lines.join(''), WAIT).toMatch(/ERRO.*The certificate that is in use stays.*k\.pem/);
    await greet(port, renewed.der);
    expect(await shownByHttps(port)).toEqual(renewed.der);
    expect(await session.request('GET', '/_matrix/client/versions')).toMatchObject({ status: 200 });
  });

  it.skipIf(process.platform === 'win32')('SIGHUP reads the files', { timeout: 30_000 }, async () => {
    const folder = temporaryDirectory();
    const { files } = writeCertificate(folder);
    const proxy = runCli([
      ...['-local', await answering(), '--dtls-bind-addr', '127.0.0.1:0', '--log-format', 'text'],
      ...['--tls-cert', files.certificate, '--tls-key', files.key],
    ]);
    await expect.poll(() => proxy.stderr(), WAIT).toContain('Try it');
    const port = Number(/DTLS on 127\.0\.0\.1:(\d+)/.exec(proxy.stderr())![1]);
    const session = await connectLowBandwidth(port);
    proxy.child.kill('SIGHUP');
    await expect.poll(() => proxy.stderr(), WAIT).toContain(`The certificate in ${files.certificate} has not changed`);
    const renewed = writeCertificate(folder);
    proxy.child.kill('SIGHUP');
    await expect.poll(() => proxy.stderr(), WAIT).toContain('Using the new certificate');
    await greet(port, renewed.der);
    expect(await session.request('GET', '/_matrix/client/versions')).toMatchObject({ status: 200 });
    proxy.child.kill('SIGTERM');
    expect(await proxy.exit).toBe(0);
  });

  it('the folder is not watched any more once the proxy is closed', async () => {
    const folder = temporaryDirectory();
    const { files } = writeCertificate(folder);
    const flags = ['--tls-cert', files.certificate, '--tls-key', files.key];
    const { proxy, lines } = await startTestProxy(await answering(), flags);
    await proxy.close(0);
    const before = lines.length;
    writeCertificate(folder);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(lines).toHaveLength(before);
  });

  it('a certificate of its own is not watched', async () => {
    const { proxy } = await startTestProxy(await answering());
    onTestFinished(() => proxy.close(0));
    expect(proxy.reload).toBeUndefined();
  });
});
