import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError, UsageError } from '@lb-matrix/cli-args';
import { Code } from '@lb-matrix/coap-codec';
import { publicKeyPin, readPemCertificates } from '@lb-matrix/dtls-transport';
import { nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readPreSharedKey } from '../src/pre-shared-key.ts';
import { coap } from './support/coap.ts';
import { dtlsServer, type TestServer, testCertificate } from './support/servers.ts';

const KEY = '00112233445566778899aabbccddeeff';
const hello = () => ({ code: Code.Content, options: [], payload: new TextEncoder().encode('hello') });

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coap-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function started(options: Parameters<typeof dtlsServer>[1]): Promise<TestServer> {
  const server = await dtlsServer(hello, options);
  onTestFinished(() => server.close());
  return server;
}

describe('--psk', () => {
  const psk = (identity: string) => (identity === 'sensor:1' ? Uint8Array.from(Buffer.from(KEY, 'hex')) : undefined);

  test('shows both sides who the other is, without certificates', async () => {
    const { port } = await started({ psk });
    const run = await coap(['-v', '--psk', `sensor:1:${KEY}`, `coaps://127.0.0.1:${port}/hello`]);
    expect({ code: run.code, stdout: run.stdout.toString() }).toEqual({ code: 0, stdout: 'hello' });
    expect(run.stderr).toMatch(
      /^\* connected to 127\.0\.0\.1, DTLS 1\.3, TLS_AES_128_GCM_SHA256, x25519, pre-shared key$/m,
    );
    expect(run.stderr).not.toContain(KEY);
  });

  test('may stand in a file, which other users need not see', async () => {
    const { port } = await started({ psk });
    await writeFile(file('psk'), `sensor:1:${KEY.toUpperCase()}\nother:00\n`);
    const { code, stdout } = await coap(['--psk', `@${file('psk')}`, `coaps://127.0.0.1:${port}/hello`]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: 'hello' });
  });

  test('that the server does not know is exit code 35', async () => {
    const { port } = await started({ psk });
    const { code, stderr } = await coap(['--psk', `other:${KEY}`, `coaps://127.0.0.1:${port}/hello`]);
    expect(code).toBe(35);
    expect(stderr).toMatch(/^FATAL: the DTLS handshake with .* failed: .*decrypt_error/);
  });

  test('is never taken for protection where there is none', async () => {
    const { code, stderr } = await coap(['--psk', `sensor:1:${KEY}`, 'coap://127.0.0.1:1/hello']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        "coap: coap:// is not protected: --psk, --pin, --cert and --ciphers need coaps:// or https://\nTry 'coap --help'.\n",
    });
  });

  test.each(['sensor', 'sensor:', `sensor:${KEY}0`, 'sensor:xyz', ''])(
    '%j is a usage error that keeps it',
    async (text) => {
      const error = await readPreSharedKey(text).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(UsageError);
      expect((error as Error).message).toMatch(/^--psk is IDENTITY:HEX/);
      expect((error as Error).message).not.toContain('sensor:');
    },
  );

  test.each([
    ['a:00ff', { identity: 'a', key: Uint8Array.of(0, 0xff) }],
    ['a:b:c:01', { identity: 'a:b:c', key: Uint8Array.of(1) }],
    [':Ab', { identity: '', key: Uint8Array.of(0xab) }],
    ['Ünïcode:02', { identity: 'Ünïcode', key: Uint8Array.of(2) }],
  ])('%s', async (text, expected) => {
    expect(await readPreSharedKey(text)).toEqual(expected);
  });

  test('file that is missing is named', async () => {
    await expect(readPreSharedKey(`@${file('none')}`)).rejects.toThrow(
      new CliError(`cannot read ${file('none')}: no such file or directory`),
    );
  });
});

describe('--pin', () => {
  const certificate = testCertificate({ dnsNames: ['elsewhere.example'] });
  const rawKey = {
    privateKey: new Uint8Array(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' })),
  };
  const pinOf = (pkcs8: Uint8Array) => publicKeyPin(nodeCrypto.importSigningKey(pkcs8).spki, nodeCrypto);
  const pin = pinOf(rawKey.privateKey);
  const other = `sha256/${'A'.repeat(43)}=`;

  test('knows a server by its key, which -v names', async () => {
    const { port } = await started({ certificate, rawKey });
    const run = await coap(['-v', '--pin', other, '--pin', pin, `coaps://127.0.0.1:${port}/hello`]);
    expect({ code: run.code, stdout: run.stdout.toString() }).toEqual({ code: 0, stdout: 'hello' });
    expect(run.stderr).toContain(
      `* connected to 127.0.0.1, DTLS 1.3, TLS_AES_128_GCM_SHA256, x25519, raw public key ${pin}\n`,
    );
    expect(run.stderr).toMatch(/^\* datagrams: 2 up, 2 down;/m);
  });

  test('may be that of a certificate, whatever else stands in it', async () => {
    const { port } = await started({ certificate, versions: ['1.2'] });
    const run = await coap(['-v', '--pin', pinOf(certificate.privateKey), `coaps://127.0.0.1:${port}/hello`]);
    expect({ code: run.code, stdout: run.stdout.toString() }).toEqual({ code: 0, stdout: 'hello' });
    expect(run.stderr).toMatch(
      /^\* connected to 127\.0\.0\.1, DTLS 1\.2, \w+, x25519, certificate with a pinned key$/m,
    );
  });

  test('of another server is exit code 60, and nothing is asked', async () => {
    const server = await started({ certificate, rawKey });
    const { code, stderr } = await coap(['--pin', other, `coaps://127.0.0.1:${server.port}/hello`]);
    expect({ code, stderr }).toEqual({
      code: 60,
      stderr: `FATAL: 127.0.0.1:${server.port} is not the server of --pin: the public key has the pin ${pin}, and not ${other}\n`,
    });
    expect(server.requests).toEqual([]);
  });

  test('that is none is exit code 2', async () => {
    const { code, stderr } = await coap(['--pin', 'sha256/x', 'coaps://127.0.0.1:1/hello']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^coap: sha256\/x is no pin/);
  });
});

describe('--cert and --key', () => {
  const own = testCertificate({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] });
  const [pem, keyPem] = ['client.pem', 'client-key.pem'].map((name) =>
    readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8'),
  ) as [string, string];
  const roots = readPemCertificates(pem);
  const asking = { certificate: own, requestClientCertificate: { roots, required: true } };
  beforeAll(async () => {
    await Promise.all([
      writeFile(file('cert.pem'), pem),
      writeFile(file('key.pem'), keyPem),
      writeFile(file('both.pem'), keyPem + pem),
      writeFile(file('stranger.pem'), own.keyPem + own.pem),
      writeFile(file('other-key.pem'), own.keyPem),
      writeFile(file('none.pem'), 'none'),
    ]);
  });

  test('show a server who we are, from two files or one', async () => {
    const { port } = await started(asking);
    const url = `coaps://127.0.0.1:${port}/hello`;
    for (const files of [
      ['--cert', file('cert.pem'), '--key', file('key.pem')],
      ['--cert', file('both.pem')],
    ]) {
      const { code, stdout, stderr } = await coap([...files, '-k', url]);
      expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 0, stdout: 'hello', stderr: '' });
    }
  });

  test('without them, or with others, the server turns us away: exit code 35', async () => {
    const { port } = await started(asking);
    for (const files of [[], ['--cert', file('stranger.pem')]]) {
      const { code, stderr } = await coap([...files, '-k', `coaps://127.0.0.1:${port}/hello`]);
      expect(code).toBe(35);
      expect(stderr).toMatch(/^FATAL: the DTLS handshake with .* failed: /);
    }
  });

  test.each([
    ['missing.pem', 'key.pem', /^FATAL: cannot read .*missing\.pem: no such file or directory\n$/],
    ['none.pem', 'key.pem', /^FATAL: .*none\.pem: no certificate in the PEM text/],
    ['cert.pem', 'none.pem', /^FATAL: .*none\.pem: no private key in the PEM text/],
    ['cert.pem', 'other-key.pem', /^coap: the private key does not belong to the certificate/],
  ])('%s and %s are exit code 2', async (cert, key, message) => {
    const { port } = await started(asking);
    const { code, stderr } = await coap(['--cert', file(cert), '--key', file(key), '-k', `coaps://127.0.0.1:${port}/`]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
