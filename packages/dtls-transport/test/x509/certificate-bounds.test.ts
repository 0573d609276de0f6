import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { element, sequence } from '../../src/x509/der-writer.ts';
import { CertificateError } from '../../src/x509/errors.ts';
import { parseCertificate, subjectPublicKeyInfo } from '../../src/x509/parse-certificate.ts';
import { readPemCertificates } from '../../src/x509/pem.ts';
import { verifyPeer } from '../../src/x509/verify-peer.ts';
import {
  basicConstraints,
  general,
  type Issued,
  issue,
  issueCa,
  NOW,
  nameConstraints,
  p256Signer,
  subjectAltName,
} from '../support/certificate-maker.ts';

const root = issueCa({ subject: 'Root' });
const ca = issueCa({ subject: 'CA', issuer: root });
const peer = issue({ issuer: ca, extensions: [subjectAltName(general.dns('a.example'))] });

function verify(chain: readonly Uint8Array[], roots: readonly Issued[] = [root]): void {
  const options = { purpose: 'serverAuth', serverName: 'a.example', at: NOW, crypto: nodeCrypto } as const;
  verifyPeer(chain, { ...options, roots: roots.map(({ der }) => der) });
}

/** The reason, `undefined` when accepted. Anything that is not a CertificateError fails the test. */
function reasonOf(chain: readonly Uint8Array[], roots?: readonly Issued[]): string | undefined {
  try {
    verify(chain, roots);
    return undefined;
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return error.reason;
  }
}

function withChangedBit(der: Uint8Array, at: number): Uint8Array {
  const changed = der.slice();
  changed[at]! ^= 1 << (at & 7);
  return changed;
}

/** Hundreds of verifications, on a machine that has other things to do. */
const BUSY = { timeout: 30_000 } as const;

describe('what a peer can send', () => {
  test('one changed bit in any byte of its certificate or of the intermediate is refused', BUSY, () => {
    for (let at = 0; at < peer.der.length; at++)
      expect(reasonOf([withChangedBit(peer.der, at), ca.der])).toBeTypeOf('string');
    for (let at = 0; at < ca.der.length; at++)
      expect(reasonOf([peer.der, withChangedBit(ca.der, at)])).toBeTypeOf('string');
  });

  test('every truncation is malformed, and so is every extension by a byte', BUSY, () => {
    for (let length = 0; length < peer.der.length; length++) {
      expect(reasonOf([peer.der.subarray(0, length), ca.der])).toBe('malformed');
    }
    expect(reasonOf([Uint8Array.of(...peer.der, 0), ca.der])).toBe('malformed');
  });

  test('bytes, spliced certificates and nonsense end in a CertificateError', BUSY, () => {
    const splice = fc.tuple(fc.nat(peer.der.length), fc.nat(40), fc.uint8Array({ maxLength: 40 }));
    const property = fc.property(fc.array(splice, { minLength: 1, maxLength: 3 }), (splices) => {
      const bytes = Array.from(peer.der);
      for (const [at, removed, inserted] of splices) bytes.splice(at, removed, ...inserted);
      const changed = Uint8Array.from(bytes);
      fc.pre(!Buffer.from(changed).equals(peer.der));
      expect(reasonOf([changed, ca.der])).toBeTypeOf('string');
    });
    fc.assert(property, { seed: 5280, numRuns: 500 });
    const garbage = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(reasonOf([bytes])).toBe('malformed');
      expect(() => subjectPublicKeyInfo(bytes)).toThrow(CertificateError);
    });
    fc.assert(garbage, { seed: 5280, numRuns: 300 });
  });

  test('indefinite lengths, deep nesting and huge declared lengths are malformed', () => {
    const deep = Array.from({ length: 2000 }).reduce<Uint8Array>((inner) => sequence(inner), element(0x05));
    const wide = sequence(...Array.from({ length: 20_000 }, () => element(0x05)));
    const indefinite = Uint8Array.of(0x30, 0x80, ...peer.der.subarray(4), 0, 0);
    const huge = Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30);
    for (const bytes of [deep, wide, indefinite, huge]) expect(reasonOf([bytes])).toBe('malformed');
  });

  test('no certificate is malformed', () => {
    expect(reasonOf([])).toBe('malformed');
  });

  test('more than 10 certificates, or more than 64 KiB, are too large', () => {
    const others = Array.from({ length: 9 }, (_, index) => issueCa({ subject: `CA ${index}` }).der);
    expect(reasonOf([peer.der, ca.der, ...others.slice(1)])).toBeUndefined();
    expect(reasonOf([peer.der, ca.der, ...others])).toBe('too-large');
    expect(reasonOf([peer.der, new Uint8Array(65_536)])).toBe('too-large');
  });

  test('a mesh of CAs of one name stops at 30 signatures', () => {
    // Every one of them could have issued every other, so the ways through them are many; none leads to the root.
    const mesh = Array.from({ length: 9 }, (_, index) =>
      issueCa({ subject: 'Mesh', signer: p256Signer(`mesh ${index}`) }),
    );
    const lost = issue({ issuer: { ...mesh[0]!, signer: p256Signer('mesh of no one') } });
    let checks = 0;
    const crypto = { verifyCertificateSignature: () => ++checks > 0 };
    const options = { purpose: 'serverAuth', at: NOW, crypto, roots: [root.der] } as const;
    expect(() => verifyPeer([lost.der, ...mesh.map(({ der }) => der)], options)).toThrow(
      expect.objectContaining({ reason: 'too-large' }),
    );
    expect(checks).toBe(30);
  });

  test('more than 100,000 comparisons of names with constraints are too large', () => {
    const names = Array.from({ length: 400 }, (_, index) => general.dns(`${index}.example`));
    const constraints = nameConstraints({ excluded: names });
    const wide = issueCa({ subject: 'Wide', issuer: root, extensions: [basicConstraints({ ca: true }), constraints] });
    const many = issue({ issuer: wide, extensions: [subjectAltName(general.dns('a.example'), ...names)] });
    expect(reasonOf([many.der, wide.der])).toBe('too-large');
  });
});

describe('roots', () => {
  const bundle = rootCertificates.map((pem) => readPemCertificates(pem)[0]!);

  test('every root that Node carries can be read and is a CA without an extension unknown to us', BUSY, () => {
    expect(bundle.length).toBeGreaterThan(100);
    for (const der of bundle) {
      const { extensions, subject, signatureScheme: _, ...rest } = parseCertificate(der);
      expect(extensions.basicConstraints?.ca, subject.text).toBe(true);
      expect(extensions.unknownCritical, subject.text).toEqual([]);
      expect(rest.notBefore, subject.text).toBeLessThan(rest.notAfter);
    }
  });

  test('a root is found among all of them, and a root that cannot be read spoils nothing', () => {
    const options = { purpose: 'serverAuth', at: NOW, crypto: nodeCrypto } as const;
    const roots = [Uint8Array.of(1, 2, 3), ...bundle, root.der];
    expect(verifyPeer([peer.der, ca.der], { ...options, roots })).toEqual({ spki: peer.signer.spki });
    expect(() => verifyPeer([peer.der, ca.der], { ...options, roots: bundle })).toThrow(
      expect.objectContaining({ reason: 'unknown-issuer', message: expect.stringContaining(`${bundle.length} given`) }),
    );
  });
});

test('subjectPublicKeyInfo takes the key of a certificate that nobody would accept', () => {
  const expired = issue({ notAfter: NOW - 1000 });
  expect(subjectPublicKeyInfo(expired.der)).toEqual(expired.signer.spki);
});

describe('messages say what to do', () => {
  const message = (chain: readonly Issued[], serverName?: string): string => {
    const roots = [root.der];
    try {
      verifyPeer(
        chain.map(({ der }) => der),
        { purpose: 'serverAuth', serverName, at: NOW, crypto: nodeCrypto, roots },
      );
    } catch (error) {
      return (error as Error).message;
    }
    return 'accepted';
  };

  test.each([
    [
      'no subjectAltName',
      () => message([issue({ subject: 'localhost', issuer: root })], 'localhost'),
      'the certificate has no subjectAltName for localhost; it has no subjectAltName at all (the common name in "CN=localhost" does not count)',
    ],
    [
      'other names',
      () =>
        message(
          [
            issue({
              issuer: root,
              extensions: [subjectAltName(general.dns('a.example'), general.ip('127.0.0.1'), general.ip('::1'))],
            }),
          ],
          '127.0.0.2',
        ),
      'the certificate has no subjectAltName for 127.0.0.2; it has a.example, 127.0.0.1, ::1',
    ],
    [
      'an expired certificate',
      () => message([issue({ subject: 'old', issuer: root, notAfter: NOW - 1000 })]),
      'the certificate "CN=old" expired on 2026-06-01T11:59:59.000Z, and now is 2026-06-01T12:00:00.000Z',
    ],
    [
      'a self-signed certificate',
      () => message([issue({ subject: 'own' })]),
      'the certificate "CN=own" is self-signed and not itself among the trusted certificates (1 given)',
    ],
    [
      'a missing intermediate',
      () => message([peer]),
      'the issuer "CN=CA" of the certificate "CN=peer" was not sent and is not among the trusted certificates (1 given)',
    ],
    [
      'control characters and length of what the peer chose',
      () => message([issue({ subject: `\u001b[31m\n${'x'.repeat(300)}` })]),
      `the certificate "CN=?[31m?${'x'.repeat(191)}…" is self-signed and not itself among the trusted certificates (1 given)`,
    ],
  ])('%s', (_name, given, expected) => {
    expect(given()).toBe(expected);
  });
});
