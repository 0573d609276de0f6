import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A program that we are tested against. */
export interface PeerInfo {
  readonly name: string;
  /** What it is, and how it comes here. */
  readonly about: string;
  /** Its version, as it or its lock file says. */
  version(): string;
}

/** The first match in what a program prints, wherever and with whatever exit code. */
function printed(pattern: RegExp, program: string, ...args: string[]): string {
  let output: string;
  try {
    output = execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    output = stdout + stderr;
  }
  return pattern.exec(output)?.[1] ?? 'unknown';
}

function locked(file: string, pattern: RegExp): string {
  const text = readFileSync(new URL(`../../peers/${file}`, import.meta.url), 'utf8');
  return pattern.exec(text)?.[1] ?? 'unknown';
}

/** All peers, in the order of the document. */
export const PEERS: readonly PeerInfo[] = [
  {
    name: 'OpenSSL',
    about: '`openssl s_server` and `s_client`, from Debian',
    version: () => printed(/^OpenSSL (\S+)/, 'openssl', 'version'),
  },
  {
    name: 'GnuTLS',
    about: '`gnutls-serv` and `gnutls-cli`, from Debian (gnutls-bin)',
    version: () => printed(/(\d+\.\d+\.\d+)/, 'gnutls-cli', '--version'),
  },
  {
    name: 'pion',
    about: 'a Go program on pion/dtls 3 (`tools/interop/peers/pion-peer`)',
    version: () => locked('pion-peer/go.mod', /pion\/dtls\/v3 v(\S+)/),
  },
];
