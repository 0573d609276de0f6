import { execFile } from 'node:child_process';
import { createECDH, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { generateSigningKey, nodeCrypto } from '../../src/node/crypto-provider.ts';
import { p256Agreement, x25519Agreement } from '../../src/node/key-agreement.ts';
import { testProvider } from './conformance/provider.ts';

testProvider({
  name: 'node:crypto',
  crypto: nodeCrypto,
  agreementFrom(group, privateKey) {
    if (group === 'x25519') {
      const pkcs8 = Buffer.from([...Buffer.from('302e020100300506032b656e04220420', 'hex'), ...privateKey]);
      const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
      return x25519Agreement(key, createPublicKey(key).export({ format: 'jwk' }));
    }
    const ecdh = createECDH('prime256v1');
    ecdh.setPrivateKey(privateKey);
    return p256Agreement(ecdh);
  },
});

const data = new TextEncoder().encode('signed');

describe('nodeCrypto', () => {
  test('a generated key is the one that its PKCS#8 holds', () => {
    const { key, pkcs8 } = generateSigningKey();
    expect(nodeCrypto.importSigningKey(pkcs8).spki).toEqual(key.spki);
    expect(key.spki).toHaveLength(91);
  });

  test.each([
    ['ecdsa_sha384 of P-384', 'ecdsa_sha384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['ecdsa_sha512 of P-521', 'ecdsa_sha512', () => generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['rsa_pkcs1_sha256', 'rsa_pkcs1_sha256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ed25519', 'ed25519', () => generateKeyPairSync('ed25519')],
  ] as const)('verifies certificates signed with %s, and with nothing else', (_name, scheme, generate) => {
    const { privateKey, publicKey } = generate();
    const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
    const signature = sign(scheme === 'ed25519' ? null : scheme.slice(-6), data, privateKey);
    const verified = (
      ['ecdsa_sha256', 'ecdsa_sha384', 'ecdsa_sha512', 'rsa_pkcs1_sha256', 'rsa_pss_sha256', 'ed25519'] as const
    ).filter((candidate) => nodeCrypto.verifyCertificateSignature(candidate, spki, data, signature));
    expect(verified).toEqual([scheme]);
  });

  test('RSASSA-PSS verifies with a salt as long as the hash only', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
    const verifies = (saltLength: number): boolean => {
      const signature = sign('sha256', data, { key: privateKey, padding: 6, saltLength });
      return nodeCrypto.verifyCertificateSignature('rsa_pss_sha256', spki, data, signature);
    };
    expect([verifies(32), verifies(20)]).toEqual([true, false]);
  });

  test('an RSA key of 1024 bits does not verify', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
    const signature = sign('sha256', data, privateKey);
    expect(nodeCrypto.verifyCertificateSignature('rsa_pkcs1_sha256', spki, data, signature)).toBe(false);
  });

  test('a key with explicit curve parameters is not a P-256 key, whatever they say (CVE-2020-0601)', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' });
    const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
    const signature = sign('sha256', data, privateKey);
    expect(nodeCrypto.verify('ecdsa_secp256r1_sha256', spki, data, signature)).toBe(false);
    expect(nodeCrypto.verifyCertificateSignature('ecdsa_sha256', spki, data, signature)).toBe(false);
  });
});

test('a garbage collection while a key is made does not stop the process (Node 20)', { timeout: 60_000 }, async () => {
  // The first way of making keys stood still within three seconds here, three times of four.
  const program = `
    const { nodeCrypto } = await import(${JSON.stringify(import.meta.resolve('../../src/node/crypto-provider.ts'))});
    const peer = nodeCrypto.generateKeyAgreement('x25519').publicKey;
    const end = Date.now() + 4000;
    while (Date.now() < end) nodeCrypto.generateKeyAgreement('x25519').agree(peer);
    console.log('done');`;
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 40_000, killSignal: 'SIGKILL' });
  expect(stdout).toBe('done\n');
});
