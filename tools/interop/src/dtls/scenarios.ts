import type { CertificateFiles, KeyKind } from '../certificate.ts';
import type { DtlsSetup } from './peer.ts';

/** A row of the DTLS table. */
export interface Scenario {
  readonly feature: string;
  readonly setup: Omit<DtlsSetup, 'certificate' | 'clientCertificate'>;
  /** The key of the server's certificate; left out with a pre-shared key. */
  readonly certificate?: KeyKind;
  /** The key of the client's certificate, which the server then demands. */
  readonly clientCertificate?: KeyKind;
  /** The IP packet size that we stay within. */
  readonly mtu?: number;
  /** Why it does not run where we connect, by peer; `*` is every peer. */
  readonly notWhereWeConnect?: Readonly<Record<string, string>>;
  /** Why it does not run where the peer connects. */
  readonly notWhereItConnects?: Readonly<Record<string, string>>;
}

const gcm = 'ECDHE_ECDSA_WITH_AES_128_GCM';

const x25519 =
  'OpenSSL ties the groups to the curve of the certificate: with X25519 alone it takes no P-256 certificate';

export const SCENARIOS: readonly Scenario[] = [
  { feature: 'its defaults', setup: {}, certificate: 'p256' },
  { feature: 'ECDHE_ECDSA, AES-128-GCM', setup: { suite: gcm }, certificate: 'p256' },
  {
    feature: 'X25519 alone',
    setup: { suite: gcm, group: 'x25519' },
    certificate: 'p256',
    notWhereWeConnect: { OpenSSL: x25519 },
    notWhereItConnects: { OpenSSL: x25519 },
  },
  { feature: 'P-256 alone', setup: { suite: gcm, group: 'secp256r1' }, certificate: 'p256' },
  { feature: 'packets of 300 bytes at both ends', setup: { suite: gcm, mtu: 300 }, certificate: 'p256', mtu: 300 },
  {
    feature: 'no HelloVerifyRequest',
    setup: { suite: gcm, cookie: false },
    certificate: 'p256',
    notWhereWeConnect: { OpenSSL: 'its server always sends one' },
    notWhereItConnects: { '*': 'our server always sends one' },
  },
];

export type Certificates = (kind: KeyKind) => CertificateFiles;

/** The setup of a scenario with its certificates. */
export function setupOf({ setup, certificate, clientCertificate }: Scenario, make: Certificates): DtlsSetup {
  return {
    ...setup,
    certificate: certificate && make(certificate),
    clientCertificate: clientCertificate && make(clientCertificate),
  };
}
