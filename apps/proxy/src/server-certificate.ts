import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CliError } from '@lb-matrix/cli-args';
import { CertificateError, readPemCertificates, readPemPrivateKey, writePem } from '@lb-matrix/dtls-transport';
import { nodeCrypto } from '@lb-matrix/dtls-transport/node';

/** PEM files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate with its key, for DTLS as DER and for HTTPS as PEM. */
export interface ServerCertificate {
  /** DER, the server's own first. */
  readonly chain: readonly Uint8Array[];
  /** PKCS#8 DER. */
  readonly privateKey: Uint8Array;
  readonly chainPem: string;
  readonly keyPem: string;
  /** The first certificate, read. */
  readonly x509: X509Certificate;
}

/**
 * Reads a certificate and its key from PEM files.
 *
 * @throws CliError that says which file and what to do
 */
export function loadCertificate(files: CertificateFiles): ServerCertificate {
  const chainText = readText(files.certificate);
  const keyText = readText(files.key);
  const chain = fromFile(files.certificate, () => readPemCertificates(chainText));
  const privateKey = fromFile(files.key, () => readPemPrivateKey(keyText));
  const { spki, schemes } = fromFile(files.key, () => nodeCrypto.importSigningKey(privateKey));
  // What every existing client takes, and the handshake negotiates.
  if (!schemes.includes('ecdsa_secp256r1_sha256')) {
    throw new CliError(
      `${files.key}: not a P-256 (prime256v1) key: make one with \`openssl ecparam -name prime256v1 -genkey -noout\``,
    );
  }
  const certificate = fromFile(files.certificate, () => new X509Certificate(chain[0]!));
  if (!sameBytes(certificate.publicKey.export({ type: 'spki', format: 'der' }), spki)) {
    throw new CliError(`the key in ${files.key} does not match the certificate in ${files.certificate}`);
  }
  return serverCertificate(chain, privateKey, certificate);
}

/** DER in both forms. */
export function serverCertificate(
  chain: readonly Uint8Array[],
  privateKey: Uint8Array,
  x509: X509Certificate = new X509Certificate(chain[0]!),
): ServerCertificate {
  const chainPem = chain.map((der) => writePem('CERTIFICATE', der)).join('');
  return { chain, privateKey, chainPem, keyPem: writePem('PRIVATE KEY', privateKey), x509 };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such file' : code === 'EACCES' ? 'permission denied' : message;
    throw new CliError(`cannot read ${path}: ${why}`, 1, { cause: error });
  }
}

function fromFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why = error instanceof CertificateError ? error.message : 'it is not a certificate';
    throw new CliError(`${path}: ${why}`, 1, { cause: error });
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
