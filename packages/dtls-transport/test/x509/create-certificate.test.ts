import { spawnSync } from 'node:child_process';
import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { DtlsRefusedError } from '../../src/errors.ts';
import { generateSigningKey, nodeCrypto } from '../../src/node/crypto-provider.ts';
import { createSelfSignedCertificate, type SelfSignedCertificateOptions } from '../../src/x509/create-certificate.ts';
import { writePem } from '../../src/x509/pem.ts';
import { verifyPeer } from '../../src/x509/verify-peer.ts';
import { DAY, NOW } from '../support/certificate-maker.ts';
import { deterministicCrypto } from '../support/deterministic-provider.ts';

const { key, pkcs8 } = generateSigningKey();
const options: SelfSignedCertificateOptions = {
  key,
  crypto: nodeCrypto,
  commonName: 'Proxy ü',
  dnsNames: ['localhost', '*.example.org'],
  ipAddresses: ['127.0.0.1', '::1'],
  notBefore: NOW - DAY,
  notAfter: NOW + 365 * DAY,
  serialNumber: new Uint8Array(randomBytes(16)),
};
const der = createSelfSignedCertificate(options);
const current = createSelfSignedCertificate({ ...options, notBefore: Date.now() - DAY, notAfter: Date.now() + DAY });
const hasOpenssl = /^OpenSSL [3-9]/.test(spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '');

describe('createSelfSignedCertificate', () => {
  test.each(['localhost', 'a.example.org', '127.0.0.1', '::1'])('verifies as its own root for %s', (serverName) => {
    const trust = { roots: [der], purpose: 'serverAuth', at: NOW, crypto: nodeCrypto } as const;
    expect(verifyPeer([der], { ...trust, serverName })).toEqual({ spki: key.spki });
    expect(() => verifyPeer([der], { ...trust, serverName, purpose: 'clientAuth' })).toThrow();
    expect(() => verifyPeer([der], { ...trust, serverName: 'example.com' })).toThrow();
  });

  test("is what Node's X509Certificate reads and verifies", () => {
    const certificate = new X509Certificate(der);
    expect(certificate.verify(createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' }))).toBe(true);
    expect(certificate.checkIssued(certificate)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.subject).toBe('CN=Proxy ü');
    expect(certificate.subjectAltName).toBe(
      'DNS:localhost, DNS:*.example.org, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(Date.parse(certificate.validFrom)).toBe(options.notBefore);
    expect(Date.parse(certificate.validTo)).toBe(options.notAfter);
  });

  test('is the same for the same key, fields and provider that signs alike', () => {
    const crypto = deterministicCrypto('certificate');
    const again = { ...options, crypto, key: crypto.importSigningKey(pkcs8) };
    expect(createSelfSignedCertificate(again)).toEqual(createSelfSignedCertificate(again));
  });

  test('the serial number is positive whatever the random bytes are', () => {
    const serialOf = (...bytes: number[]): string =>
      new X509Certificate(createSelfSignedCertificate({ ...options, serialNumber: Uint8Array.from(bytes) }))
        .serialNumber;
    expect(serialOf(0xff, 1)).toBe('7F01');
    expect(serialOf(0x80, 0, 2)).toBe('02');
    expect(serialOf(...new Uint8Array(20).fill(0xff))).toBe(`7F${'FF'.repeat(19)}`);
  });

  test.each([
    ['no name at all', { dnsNames: [], ipAddresses: [] }],
    ['a DNS name with a space', { dnsNames: ['a b'] }],
    ['a DNS name outside ASCII', { dnsNames: ['bücher.example'] }],
    ['a wildcard in the middle', { dnsNames: ['a.*.example'] }],
    ['an address with a zone', { ipAddresses: ['fe80::1%eth0'] }],
    ['an address in brackets', { ipAddresses: ['[::1]'] }],
    ['an empty common name', { commonName: '' }],
    ['a common name of 65 characters', { commonName: 'x'.repeat(65) }],
    ['an end before the start', { notAfter: NOW - 2 * DAY }],
    ['a time that is none', { notBefore: Number.NaN }],
    ['no serial number', { serialNumber: new Uint8Array(0) }],
    ['a serial number of zeros', { serialNumber: Uint8Array.of(0x80, 0) }],
    ['a serial number of 21 bytes', { serialNumber: new Uint8Array(21) }],
  ])('refuses %s', (_name, fields) => {
    expect(() => createSelfSignedCertificate({ ...options, ...fields })).toThrow(DtlsRefusedError);
  });

  test('a TLS client of Node that trusts it accepts a server with it', async () => {
    const server = createServer({ cert: writePem('CERTIFICATE', current), key: writePem('PRIVATE KEY', pkcs8) });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: writePem('CERTIFICATE', current) });
    await once(socket, 'secureConnect');
    expect([socket.authorized, socket.authorizationError]).toEqual([true, null]);
    socket.destroy();
    server.close();
  });

  test.skipIf(!hasOpenssl)('openssl verify accepts it, strictly too (skipped where there is no OpenSSL 3)', () => {
    const directory = mkdtempSync(join(tmpdir(), 'dtls-transport-x509-'));
    const file = join(directory, 'cert.pem');
    writeFileSync(file, writePem('CERTIFICATE', der));
    const args = [
      '-purpose',
      'sslserver',
      '-verify_hostname',
      'localhost',
      '-attime',
      `${NOW / 1000}`,
      '-CAfile',
      file,
      file,
    ];
    expect(spawnSync('openssl', ['verify', ...args], { encoding: 'utf8' }).stdout).toBe(`${file}: OK\n`);
    expect(spawnSync('openssl', ['verify', '-x509_strict', ...args], { encoding: 'utf8' }).stdout).toBe(
      `${file}: OK\n`,
    );
    rmSync(directory, { recursive: true });
  });
});
