import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateSigningKey, nodeCrypto } from '../../src/node/crypto-provider.ts';
import { readPemCertificates, readPemPrivateKey, writePem } from '../../src/x509/pem.ts';
import { issue } from '../support/certificate-maker.ts';

const { key, pkcs8 } = generateSigningKey();
const sec1 = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  .export({ format: 'pem', type: 'sec1' })
  .toString();

describe('certificates in PEM', () => {
  test('all of a file, in order, with text around them', () => {
    const [one, two] = [issue().der, issue().der];
    const text = `subject=CN = peer\n${writePem('CERTIFICATE', one)}\n# the issuer\r\n${writePem('CERTIFICATE', two)}${writePem('PRIVATE KEY', pkcs8)}`;
    expect(readPemCertificates(text)).toEqual([one, two]);
    expect(readPemCertificates(text.replaceAll('\n', '\r\n'))).toEqual([one, two]);
  });

  test.each([
    ['nothing', ''],
    ['a key', writePem('PRIVATE KEY', pkcs8)],
    ['a block without an end', writePem('CERTIFICATE', pkcs8).slice(0, -30)],
    ['a block that is not base64', '-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n'],
  ])('%s is refused', (_name, text) => {
    expect(() => readPemCertificates(text)).toThrow(expect.objectContaining({ reason: 'malformed' }));
  });

  test('what is written is read', () => {
    const property = fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
      const text = writePem('CERTIFICATE', bytes);
      expect(readPemCertificates(text)).toEqual([bytes]);
      expect(text.split('\n').every((line) => line.length <= 64)).toBe(true);
    });
    fc.assert(property, { seed: 7468 });
  });
});

describe('private keys in PEM', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

  test('PKCS#8', () => {
    expect(readPemPrivateKey(`# key\n${writePem('PRIVATE KEY', pkcs8)}`)).toEqual(pkcs8);
  });

  test('SEC1 as `openssl ecparam -name prime256v1 -genkey` writes it, with and without EC PARAMETERS', () => {
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    for (const text of [sec1, parameters + sec1]) {
      expect(readPemPrivateKey(text)).toEqual(pkcs8);
      expect(nodeCrypto.importSigningKey(readPemPrivateKey(text)).spki).toEqual(key.spki);
    }
  });

  test('SEC1 without the public key', () => {
    const short = Buffer.from(sec1.replace(/-----.*-----|\s/g, ''), 'base64').subarray(0, 51);
    short[1] = 49;
    const pem = `-----BEGIN EC PRIVATE KEY-----\n${short.toString('base64')}\n-----END EC PRIVATE KEY-----\n`;
    expect(nodeCrypto.importSigningKey(readPemPrivateKey(pem)).spki).toEqual(key.spki);
  });

  test('RSA in PKCS#1 as `openssl genrsa -traditional` writes it', () => {
    const pkcs1 = rsa.export({ format: 'pem', type: 'pkcs1' }).toString();
    const expected = new Uint8Array(rsa.export({ format: 'der', type: 'pkcs8' }));
    expect(pkcs1).toContain('BEGIN RSA PRIVATE KEY');
    expect(readPemPrivateKey(pkcs1)).toEqual(expected);
    expect(nodeCrypto.importSigningKey(readPemPrivateKey(pkcs1)).schemes).toContain('rsa_pkcs1_sha256');
  });

  const ec = (namedCurve: string): string =>
    generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'pem', type: 'sec1' }).toString();
  const secret = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });

  test.each([
    ['SEC1 of P-384', ec('P-384'), 'P-256'],
    ['SEC1 of another curve with keys as long', ec('secp256k1'), 'P-256'],
    [
      'a DSA key in the format of OpenSSL',
      '-----BEGIN DSA PRIVATE KEY-----\nMAA=\n-----END DSA PRIVATE KEY-----',
      'DSA',
    ],
    [
      'encrypted PKCS#8',
      secret.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: 'x' }).toString(),
      'encrypted',
    ],
    [
      'encrypted SEC1',
      secret.export({ format: 'pem', type: 'sec1', cipher: 'aes-128-cbc', passphrase: 'x' }).toString(),
      'encrypted',
    ],
  ])('%s is refused with what to do', (_name, text, said) => {
    expect(() => readPemPrivateKey(text)).toThrow(
      expect.objectContaining({
        reason: 'unsupported-key',
        message: expect.stringMatching(new RegExp(`${said}.*\`openssl`)),
      }),
    );
  });

  test('a text without a key is refused', () => {
    expect(() => readPemPrivateKey(writePem('CERTIFICATE', issue().der))).toThrow(
      expect.objectContaining({ reason: 'malformed' }),
    );
  });
});
