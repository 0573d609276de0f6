import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPemCertificates, readPemPrivateKey } from '@lb-matrix/dtls-transport';

/** A certificate that OpenSSL made, as files for peers and as bytes for us. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** DER. */
  readonly chain: readonly Uint8Array[];
  /** PKCS#8 DER. */
  readonly privateKey: Uint8Array;
}

/** The kinds of key that certificates are made with, and how `openssl` makes the key. */
const KEYS = {
  p256: ['ecparam', '-name', 'prime256v1', '-genkey', '-noout'],
  rsa: ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  ed25519: ['genpkey', '-algorithm', 'ED25519'],
} as const;

export type KeyKind = keyof typeof KEYS;

/** A self-signed certificate for localhost, 127.0.0.1 and ::1, made by the guide's commands with names added. */
export function makeCertificate(kind: KeyKind = 'p256'): CertificateFiles {
  const dir = mkdtempSync(join(tmpdir(), 'lbm-cert-'));
  const keyFile = join(dir, 'private-key.pem');
  const certFile = join(dir, 'cert.pem');
  const openssl = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'pipe' });
  openssl(...KEYS[kind], '-out', keyFile);
  openssl(
    ...['req', '-new', '-x509', '-key', keyFile, '-out', certFile, '-days', '365', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'],
  );
  return {
    certFile,
    keyFile,
    chain: readPemCertificates(readFileSync(certFile, 'utf8')),
    privateKey: readPemPrivateKey(readFileSync(keyFile, 'utf8')),
  };
}
