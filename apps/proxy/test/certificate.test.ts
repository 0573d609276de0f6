import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CliError } from '@lb-matrix/cli-args';
import { writePem } from '@lb-matrix/dtls-transport';
import { generateSigningKey } from '@lb-matrix/dtls-transport/node';
import { describe, expect, it } from 'vitest';
import { chooseCertificate } from '../src/choose-certificate.ts';
import { certificateNames, keptCertificate, stateDirectory } from '../src/kept-certificate.ts';
import { loadCertificate } from '../src/server-certificate.ts';
import { DAY, writeCertificate } from './support/certificate-files.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const NAMES = certificateNames(undefined);

describe('a certificate from files', () => {
  it('is read with its key, for DTLS and for HTTPS', () => {
    const { files, der, pkcs8 } = writeCertificate(temporaryDirectory());
    const { chain, privateKey, chainPem, keyPem } = loadCertificate(files);
    expect(chain).toEqual([der]);
    expect(privateKey).toEqual(pkcs8);
    expect(chainPem).toBe(readFileSync(files.certificate, 'utf8'));
    expect(keyPem).toBe(readFileSync(files.key, 'utf8'));
  });

  it('may have a key as `openssl ecparam -genkey` writes it', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { files, pkcs8 } = writeCertificate(temporaryDirectory(), {
      pkcs8: new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })),
    });
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    writeFileSync(files.key, parameters + privateKey.export({ type: 'sec1', format: 'pem' }));
    expect(loadCertificate(files).privateKey).toEqual(pkcs8);
  });

  it.each([
    ['a file that is not there', () => undefined, /^cannot read .*nowhere\.pem: no such file$/],
    ['a folder', (path: string) => mkdirSync(path), /^cannot read .*nowhere\.pem: EISDIR/],
    ['text', (path: string) => writeFileSync(path, 'hello'), /nowhere\.pem: no certificate in the PEM text/],
    [
      'a block that is no certificate',
      (path: string) => writeFileSync(path, writePem('CERTIFICATE', Uint8Array.of(1, 2, 3))),
      /nowhere\.pem: it is not a certificate/,
    ],
    [
      'a block that is not base64',
      (path: string) => writeFileSync(path, '-----BEGIN CERTIFICATE-----\n***\n-----END CERTIFICATE-----\n'),
      /nowhere\.pem: .*not base64/,
    ],
  ])('%s in place of the certificate is an error that says so', (_, make, message) => {
    const folder = temporaryDirectory();
    const { files } = writeCertificate(folder);
    const certificate = join(folder, 'nowhere.pem');
    make(certificate);
    expect(() => loadCertificate({ ...files, certificate })).toThrow(CliError);
    expect(() => loadCertificate({ ...files, certificate })).toThrow(message);
  });

  it('says that a key is of a kind that is not supported, and which one is', () => {
    const { files } = writeCertificate(temporaryDirectory());
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    for (const type of ['pkcs8', 'sec1'] as const) {
      writeFileSync(files.key, p384.export({ type, format: 'pem' }));
      expect(() => loadCertificate(files)).toThrow(/k\.pem: .*P-256/);
    }
  });

  it('says that a key belongs to another certificate', () => {
    const { files } = writeCertificate(temporaryDirectory(), { otherKey: true });
    expect(() => loadCertificate(files)).toThrow(`the key in ${files.key} does not match`);
  });

  it('is used when it has expired, with a warning', () => {
    const { files, der } = writeCertificate(temporaryDirectory(), { notAfter: Date.now() - DAY });
    const { certificate, remarks } = chooseCertificate({ certificateFiles: files, advertise: undefined }, {});
    expect(certificate.chain).toEqual([der]);
    expect(remarks).toEqual([{ level: 'warn', text: expect.stringContaining('has expired') }]);
  });
});

describe('a certificate of our own', () => {
  it('is for localhost in its three forms, this machine and the advertised host', () => {
    const machine = hostname().toLowerCase();
    expect(certificateNames(undefined)).toEqual({
      dnsNames: ['localhost', machine],
      ipAddresses: ['127.0.0.1', '::1'],
    });
    expect(certificateNames('lb.example').dnsNames).toEqual(['localhost', machine, 'lb.example']);
    expect(certificateNames('[2001:db8::1]').ipAddresses).toEqual(['127.0.0.1', '::1', '2001:db8::1']);
    expect(certificateNames('127.0.0.1').ipAddresses).toEqual(['127.0.0.1', '::1']);
  });

  it('is made once and kept, its key for nobody else to read', () => {
    const folder = join(temporaryDirectory(), 'state', 'lb-proxy');
    const made = keptCertificate(folder, NAMES, Date.now());
    expect(made).toMatchObject({ madeBecause: 'there was none', notKept: undefined });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'key.pem')).mode & 0o777).toBe(0o600);
    const again = keptCertificate(folder, NAMES, Date.now());
    expect(again.madeBecause).toBeUndefined();
    expect(again.certificate.chain).toEqual(made.certificate.chain);
    const x509 = new X509Certificate(again.certificate.chain[0]!);
    expect(x509.verify(x509.publicKey)).toBe(true);
    expect([x509.checkHost('localhost'), x509.checkIP('127.0.0.1'), x509.checkIP('::1')]).not.toContain(undefined);
  });

  it.each([
    ['has expired', /has expired/, 11 * 365 * DAY, undefined, () => undefined],
    ['lacks the advertised host', /is not for lb\.example/, 0, 'lb.example', () => undefined],
    [
      'cannot be read',
      /cert\.pem: no certificate/,
      0,
      undefined,
      (folder: string) => writeFileSync(join(folder, 'cert.pem'), 'x'),
    ],
    [
      'has lost its key',
      /does not match/,
      0,
      undefined,
      (folder: string) => writeFileSync(join(folder, 'key.pem'), writePem('PRIVATE KEY', generateSigningKey().pkcs8)),
    ],
  ])('is made anew when it %s', (_, why, later, advertised, spoil) => {
    const folder = temporaryDirectory();
    const first = keptCertificate(folder, NAMES, Date.now());
    spoil(folder);
    const names = certificateNames(advertised);
    const second = keptCertificate(folder, names, Date.now() + later);
    expect(second.madeBecause).toMatch(why);
    expect(second.certificate.chain).not.toEqual(first.certificate.chain);
    expect(keptCertificate(folder, names, Date.now() + later).madeBecause).toBeUndefined();
  });

  it('serves though it cannot be kept', () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    const { certificate, remarks } = chooseCertificate(
      { certificateFiles: undefined, advertise: undefined },
      { XDG_STATE_HOME: file },
    );
    expect(certificate.chain).toHaveLength(1);
    expect(remarks).toEqual([{ level: 'warn', text: expect.stringContaining('cannot be kept') }]);
  });

  it('is kept where XDG says', () => {
    expect(stateDirectory({ XDG_STATE_HOME: '/var/lib/x' })).toBe('/var/lib/x/lb-proxy');
    expect(stateDirectory({ XDG_STATE_HOME: 'relative' })).toMatch(/\/\.local\/state\/lb-proxy$/);
    expect(stateDirectory({})).toMatch(/\/\.local\/state\/lb-proxy$/);
  });
});
