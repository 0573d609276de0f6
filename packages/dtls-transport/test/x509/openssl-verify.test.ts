import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { CertificateErrorReason } from '../../src/x509/errors.ts';
import { parseIpAddress } from '../../src/x509/ip-address.ts';
import { writePem } from '../../src/x509/pem.ts';
import { type Issued, NOW } from '../support/certificate-maker.ts';
import { chainCases } from './chain-cases.ts';
import { nameCases } from './name-cases.ts';
import type { PathCase } from './path-cases.ts';
import { signatureCases } from './signature-cases.ts';

/** `openssl verify` is the judge beside us, where it is installed; the same cases run without it in verify-peer.test.ts. */
const hasOpenssl = /^OpenSSL [3-9]/.test(spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '');

const directory = mkdtempSync(join(tmpdir(), 'dtls-transport-x509-'));
afterAll(() => rmSync(directory, { recursive: true }));

function pemFile(name: string, certificates: readonly Issued[]): string {
  const path = join(directory, name);
  writeFileSync(path, certificates.map(({ der }) => writePem('CERTIFICATE', der)).join(''));
  return path;
}

/** What OpenSSL says: 0, or the number of its first error (X509_V_ERR_*), or -1 when it cannot read the certificate. */
function opensslVerify({ chain, roots, serverName, purpose = 'serverAuth', at = NOW }: PathCase): number {
  const args = ['verify', '-no-CApath', '-no-CAstore', '-no-CAfile', '-partial_chain', '-auth_level', '2'];
  args.push('-attime', `${Math.floor(at / 1000)}`, '-purpose', purpose === 'serverAuth' ? 'sslserver' : 'sslclient');
  if (roots.length > 0) args.push('-trusted', pemFile('roots.pem', roots));
  if (chain.length > 1) args.push('-untrusted', pemFile('untrusted.pem', chain.slice(1)));
  if (serverName !== undefined) args.push(parseIpAddress(serverName) ? '-verify_ip' : '-verify_hostname', serverName);
  const { status, stderr } = spawnSync('openssl', [...args, pemFile('peer.pem', chain.slice(0, 1))], {
    encoding: 'utf8',
  });
  if (status === 0) return 0;
  return Number(/^error (\d+) at/m.exec(stderr)?.[1] ?? -1);
}

/** The numbers that OpenSSL gives to our reasons. */
const ERRORS: Readonly<Record<CertificateErrorReason, readonly number[]>> = {
  malformed: [7, 20],
  'too-large': [],
  'unsupported-key': [],
  'not-yet-valid': [9],
  expired: [10],
  'name-mismatch': [62, 64],
  'unknown-issuer': [18, 19, 20],
  'unsupported-signature-algorithm': [68],
  'bad-signature': [7, 20, 67],
  'not-a-ca': [79],
  'path-length': [25],
  'key-usage': [26, 79],
  'extended-key-usage': [26],
  'name-constraints': [47, 48],
  'unknown-critical-extension': [34],
  'pin-mismatch': [],
};

describe.skipIf(!hasOpenssl)('verifyPeer decides as openssl verify does (skipped where there is no OpenSSL 3)', () => {
  const cases = [...chainCases, ...nameCases, ...signatureCases];

  test.each(cases.filter(({ opensslDiffers }) => opensslDiffers === undefined))('$name', (given) => {
    const { reason, opensslError } = given;
    const expected = reason === undefined ? [0] : opensslError === undefined ? ERRORS[reason] : [opensslError];
    expect(expected).toContain(opensslVerify(given));
  });

  test.each(cases.filter(({ opensslDiffers }) => opensslDiffers !== undefined))(
    'but: $name ($opensslDiffers)',
    (given) => {
      expect(opensslVerify(given) === 0).toBe(given.reason !== undefined);
    },
  );
});
