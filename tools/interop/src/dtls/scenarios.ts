import type { Direction } from '../cell.ts';
import type { Certificates, KeyKind } from '../certificate.ts';
import type { DtlsSetup, Suite } from './peer.ts';

/** A row of a DTLS table. */
export interface Scenario {
  readonly feature: string;
  readonly setup: Omit<DtlsSetup, 'certificate' | 'clientCertificate'>;
  /** The key of the server's certificate; left out with a pre-shared key. */
  readonly certificate?: KeyKind;
  /** The key of the client's certificate, which the server then demands. */
  readonly clientCertificate?: KeyKind;
  /** The IP packet size that we stay within. */
  readonly mtu?: number;
  /** Why it does not run in either direction, by peer; `*` is every peer. */
  readonly notWith?: Readonly<Record<string, string>>;
  /** Why it does not run where we connect. */
  readonly notWhereWeConnect?: Readonly<Record<string, string>>;
  /** Why it does not run where the peer connects. */
  readonly notWhereItConnects?: Readonly<Record<string, string>>;
}

const gcm = 'ECDHE_ECDSA_WITH_AES_128_GCM';
const psk = { identity: 'dev1', hexKey: '000102030405060708090a0b0c0d0e0f' };

const x25519 =
  'OpenSSL ties the groups to the curve of the certificate: with X25519 alone it takes no P-256 certificate';
const noLimit = 'it cannot tell a record size limit';
const noSuite = 'it does not know this suite';
const noKind = 'it knows no certificates of this kind';

/** A suite with a certificate of this kind; the row is named after it. */
const withCertificate = (suite: Suite, certificate: KeyKind, lacking: readonly string[] = []): Scenario => ({
  feature: suite,
  setup: { suite },
  certificate,
  notWith: withReason(lacking, noSuite),
});

/** A suite with a shared key. */
const withKey = (suite: Suite, lacking: readonly string[] = []): Scenario => ({
  feature: suite,
  setup: { suite, psk },
  notWith: withReason(lacking, noSuite),
});

const withReason = (peers: readonly string[], reason: string): Readonly<Record<string, string>> =>
  Object.fromEntries(peers.map((peer) => [peer, reason]));

export const SCENARIOS: readonly Scenario[] = [
  { feature: 'its defaults', setup: {}, certificate: 'p256' },
  withCertificate('ECDHE_ECDSA_WITH_AES_128_GCM', 'p256'),
  withCertificate('ECDHE_ECDSA_WITH_AES_256_GCM', 'p256'),
  withCertificate('ECDHE_ECDSA_WITH_CHACHA20_POLY1305', 'p256'),
  withCertificate('ECDHE_ECDSA_WITH_AES_128_CCM', 'p256', ['dimpl']),
  withCertificate('ECDHE_ECDSA_WITH_AES_128_CCM_8', 'p256', ['dimpl']),
  withCertificate('ECDHE_RSA_WITH_AES_128_GCM', 'rsa', ['dimpl']),
  withCertificate('ECDHE_RSA_WITH_AES_256_GCM', 'rsa', ['dimpl']),
  withCertificate('ECDHE_RSA_WITH_CHACHA20_POLY1305', 'rsa', ['dimpl']),
  withKey('PSK_WITH_AES_128_GCM', ['dimpl']),
  withKey('PSK_WITH_AES_128_CCM_8'),
  withKey('ECDHE_PSK_WITH_AES_128_GCM', ['OpenSSL', 'GnuTLS', 'pion', 'dimpl']),
  {
    ...withKey('ECDHE_PSK_WITH_CHACHA20_POLY1305', ['dimpl']),
    notWhereItConnects: { GnuTLS: 'gnutls-cli crashes after this handshake, with its own server as well' },
  },
  {
    feature: 'Ed25519 certificate',
    setup: { suite: gcm },
    certificate: 'ed25519',
    notWith: { dimpl: noKind },
    notWhereWeConnect: {
      OpenSSL: 'its server finds no shared cipher for an Ed25519 certificate, whichever client asks, its own included',
    },
  },
  {
    feature: 'client certificate, P-256',
    setup: { suite: gcm },
    certificate: 'p256',
    clientCertificate: 'p256',
  },
  {
    feature: 'client certificate, RSA',
    setup: { suite: 'ECDHE_RSA_WITH_AES_128_GCM' },
    certificate: 'rsa',
    clientCertificate: 'rsa',
    notWith: { dimpl: noKind },
  },
  {
    feature: 'client certificate, Ed25519',
    setup: { suite: gcm },
    certificate: 'p256',
    clientCertificate: 'ed25519',
    notWith: { dimpl: noKind },
  },
  {
    feature: 'X25519 alone',
    setup: { suite: gcm, group: 'x25519' },
    certificate: 'p256',
    notWith: { OpenSSL: x25519 },
  },
  { feature: 'P-256 alone', setup: { suite: gcm, group: 'secp256r1' }, certificate: 'p256' },
  { feature: 'packets of 300 bytes at both ends', setup: { suite: gcm, mtu: 300 }, certificate: 'p256', mtu: 300 },
  {
    feature: 'records of 512 bytes at most (RFC 8449)',
    setup: { suite: gcm, recordSize: 512 },
    certificate: 'p256',
    notWith: withReason(['OpenSSL', 'pion', 'wolfSSL', 'dimpl'], noLimit),
  },
  {
    feature: 'no HelloVerifyRequest',
    setup: { suite: gcm, cookie: false },
    certificate: 'p256',
    notWhereWeConnect: withReason(['OpenSSL', 'wolfSSL'], 'its server always sends one'),
    notWhereItConnects: { '*': 'our server always sends one' },
  },
];

/** Why a scenario does not run with a peer in a direction; undefined when it does. */
export function reasonAgainst(scenario: Scenario, peer: string, direction: Direction): string | undefined {
  const { notWith, notWhereWeConnect, notWhereItConnects } = scenario;
  for (const reasons of [notWith, direction === 'we connect' ? notWhereWeConnect : notWhereItConnects]) {
    const reason = reasons?.[peer] ?? reasons?.['*'];
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** The setup of a scenario with its certificates. */
export function setupOf({ setup, certificate, clientCertificate }: Scenario, make: Certificates): DtlsSetup {
  return {
    ...setup,
    certificate: certificate && make(certificate, 'server'),
    clientCertificate: clientCertificate && make(clientCertificate, 'client'),
  };
}
