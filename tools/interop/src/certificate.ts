import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPemCertificates, readPemPrivateKey } from '@lb-matrix/dtls-transport';

/** A certificate that OpenSSL made, as files for peers and as bytes for us. */
export interface CertificateFiles {
  /** PEM. */
  readonly certFile: string;
  readonly keyFile: string;
  /** DER: the certificate, its private key in PKCS#8, and its public key alone (SubjectPublicKeyInfo). */
  readonly certDerFile: string;
  readonly keyDerFile: string;
  readonly spkiDerFile: string;
  /** DER. */
  readonly chain: readonly Uint8Array[];
  /** PKCS#8 DER. */
  readonly privateKey: Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
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
  const chain = readPemCertificates(readFileSync(certFile, 'utf8'));
  const privateKey = readPemPrivateKey(readFileSync(keyFile, 'utf8'));
  const spki = Uint8Array.from(createPublicKey(readFileSync(certFile)).export({ type: 'spki', format: 'der' }));
  const der = (name: string, bytes: Uint8Array): string => {
    const file = join(dir, `${name}.der`);
    writeFileSync(file, bytes);
    return file;
  };
  return {
    certFile,
    keyFile,
    certDerFile: der('cert', chain[0]!),
    keyDerFile: der('private-key', privateKey),
    spkiDerFile: der('spki', spki),
    chain,
    privateKey,
    spki,
  };
}

/** Where certificates come from: one of a kind, for the server, for the client, or for somebody that nobody asked. */
export type Certificates = (kind: KeyKind, role: 'server' | 'client' | 'stranger') => CertificateFiles;

/** Makes each certificate once. */
export function certificateStore(): Certificates {
  const made = new Map<string, CertificateFiles>();
  return (kind, role) => {
    const key = `${kind} ${role}`;
    const certificate = made.get(key) ?? makeCertificate(kind);
    made.set(key, certificate);
    return certificate;
  };
}
