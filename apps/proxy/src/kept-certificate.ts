import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { homedir, hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { CliError } from '@lb-matrix/cli-args';
import { createSelfSignedCertificate } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import {
  type CertificateFiles,
  loadCertificate,
  type ServerCertificate,
  serverCertificate,
} from './server-certificate.ts';
import { writeWhole } from './write-whole.ts';

const TEN_YEARS = 10 * 365 * 24 * 3_600_000;
/** Clocks differ. */
const ONE_HOUR = 3_600_000;

/** The names that a certificate of our own is for. */
export interface CertificateNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** A certificate of our own, and what the log says about it. */
export interface KeptCertificate {
  readonly certificate: ServerCertificate;
  /** Where it is kept. */
  readonly path: string;
  /** Why it was made just now; `undefined` for one that was there. */
  readonly madeBecause: string | undefined;
  /** Why it could not be kept. */
  readonly notKept: unknown;
}

/** `$XDG_STATE_HOME/lb-proxy`, or `~/.local/state/lb-proxy`. */
export function stateDirectory(env: NodeJS.ProcessEnv): string {
  const base = env.XDG_STATE_HOME;
  // XDG Base Directory Specification: a relative path is to be ignored.
  return join(base && isAbsolute(base) ? base : join(homedir(), '.local', 'state'), 'lb-proxy');
}

/** localhost in its three forms, this machine, and the host of the advertised URL. */
export function certificateNames(advertisedHost: string | undefined): CertificateNames {
  const hosts = ['localhost', '127.0.0.1', '::1', hostname().toLowerCase(), advertisedHost?.replace(/^\[|\]$/g, '')];
  const names = [...new Set(hosts.filter((host) => host !== undefined))];
  return {
    dnsNames: names.filter((name) => isIP(name) === 0 && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)),
    ipAddresses: names.filter((name) => isIP(name) !== 0),
  };
}

/** The certificate that is kept in a directory, or a new one in its place when it does not do any more. */
export function keptCertificate(directory: string, names: CertificateNames, now: number): KeptCertificate {
  const files = { certificate: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  const kept = loadKept(files, names, now);
  if (typeof kept !== 'string') {
    return { certificate: kept, path: files.certificate, madeBecause: undefined, notKept: undefined };
  }
  const certificate = makeCertificate(names, now);
  const made = { certificate, path: files.certificate, madeBecause: kept };
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // The key first: a certificate without its key would be found not to match, and both made anew.
    writeWhole(files.key, certificate.keyPem, 0o600);
    writeWhole(files.certificate, certificate.chainPem, 0o644);
    return { ...made, notKept: undefined };
  } catch (error) {
    return { ...made, notKept: error };
  }
}

/** The kept certificate, or why there is none to use. */
function loadKept(files: CertificateFiles, names: CertificateNames, now: number): ServerCertificate | string {
  if (!existsSync(files.certificate)) return 'there was none';
  let certificate: ServerCertificate;
  try {
    certificate = loadCertificate(files);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return error.message;
  }
  const { x509 } = certificate;
  if (now >= Date.parse(x509.validTo)) return `the one in ${files.certificate} has expired`;
  const missing = [
    ...names.dnsNames.filter((name) => x509.checkHost(name) === undefined),
    ...names.ipAddresses.filter((address) => x509.checkIP(address) === undefined),
  ];
  if (missing.length > 0) return `the one in ${files.certificate} is not for ${missing.join(', ')}`;
  return certificate;
}

function makeCertificate(names: CertificateNames, now: number): ServerCertificate {
  const { key, pkcs8 } = generateSigningKey();
  const certificate = createSelfSignedCertificate({
    key,
    crypto: nodeCrypto,
    commonName: 'lb-proxy',
    ...names,
    notBefore: now - ONE_HOUR,
    notAfter: now + TEN_YEARS,
    serialNumber: randomBytes(16),
  });
  return serverCertificate([certificate], pkcs8);
}
