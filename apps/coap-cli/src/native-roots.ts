import { readFile } from 'node:fs/promises';
import tls from 'node:tls';
import { CliError } from '@lb-matrix/cli-args';
import { readPemCertificates } from '@lb-matrix/dtls-transport';
import { ExitCode } from './exit-code.ts';

/** Where systems keep the certificates that they trust, in one file. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Arch
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // Fedora, RHEL
  '/etc/pki/tls/certs/ca-bundle.crt', // older ones of them
  '/etc/ssl/ca-bundle.pem', // openSUSE
  '/etc/ssl/cert.pem', // Alpine, macOS, BSD
];

/**
 * The certificates (DER) that the system trusts: those of the SSL_CERT_FILE file where it is set, as OpenSSL has it; else
 * what Node knows of the system, from 22.15 on; else those of the bundle that most systems have.
 *
 * @throws CliError
 */
export async function readNativeRoots(
  env: NodeJS.ProcessEnv = process.env,
  bundles: readonly string[] = BUNDLES,
): Promise<Uint8Array[]> {
  if (env.SSL_CERT_FILE) return readBundle(env.SSL_CERT_FILE, 'SSL_CERT_FILE: ');
  const known = systemCertificates();
  if (known.length > 0) return readPemCertificates(known.join('\n'));
  for (const path of bundles) {
    const roots = await readBundle(path).catch((error: CliError) => {
      if ((error.cause as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
    if (roots) return roots;
  }
  throw new CliError(
    `--ca-native: Node ${process.versions.node} does not know where this system keeps its certificates: name their file with SSL_CERT_FILE or --cacert`,
    ExitCode.Usage,
  );
}

/** PEM, one each; nothing where Node is too old to say. */
function systemCertificates(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'system') => readonly string[] };
  return getCACertificates?.('system') ?? [];
}

async function readBundle(path: string, prefix = ''): Promise<Uint8Array[]> {
  try {
    return readPemCertificates(await readFile(path, 'latin1'));
  } catch (error) {
    throw new CliError(`${prefix}cannot read ${path}: ${(error as Error).message}`, ExitCode.Usage, { cause: error });
  }
}
