import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

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
  {
    name: 'wolfSSL',
    about: 'a C program on wolfSSL (`tools/interop/peers/wolfssl-peer`)',
    version: () => locked('wolfssl-peer/Cargo.toml', /wolfSSL (\d+\.\d+\.\d+)/),
  },
  {
    name: 'dimpl',
    about: 'a Rust program on dimpl (`tools/interop/peers/dimpl-peer`)',
    version: () => locked('dimpl-peer/Cargo.lock', /name = "dimpl"\nversion = "([^"]+)/),
  },
  ...(['OpenSSL', 'GnuTLS'] as const).map((tls) => ({
    name: `libcoap (${tls})`,
    about: `\`coap-server\` and \`coap-client\` on ${tls}, from Debian (libcoap3-bin)`,
    version: () => printed(/v(\d+\.\d+\.\d+)/, `coap-client-${tls.toLowerCase()}`),
  })),
  {
    name: 'aiocoap',
    about: 'a Python program on aiocoap (`tools/interop/peers/aiocoap-peer`)',
    version: () => locked('aiocoap-peer/requirements.txt', /aiocoap==(\S+)/),
  },
  {
    name: 'Californium',
    about: 'a Java program on Californium and Scandium (`tools/interop/peers/californium-peer`)',
    version: () => locked('californium-peer/pom.xml', /<cf\.version>([^<]+)/),
  },
  {
    name: 'go-coap',
    about: 'a Go program on go-coap 3 (`tools/interop/peers/pion-peer`)',
    version: () => locked('pion-peer/go.mod', /go-coap\/v3 v(\S+)/),
  },
  {
    name: 'node-coap',
    about: 'the npm package coap',
    version: () => createRequire(import.meta.url)('coap/package.json').version,
  },
  {
    name: 'existing clients',
    about: 'a Go program as MSC3079 clients are built: pion/dtls 2, go-coap 2 (`tools/interop/peers/lb-go-client`)',
    version: () => locked('lb-go-client/go.mod', /go-coap\/v2 v(\S+)/),
  },
  {
    name: 'tshark',
    about: 'Wireshark on the command line, from Debian',
    version: () => printed(/(\d+\.\d+\.\d+)/, 'tshark', '--version'),
  },
];
