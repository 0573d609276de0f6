import { makeCertificate } from '../certificate.ts';
import { buildCargoPeer } from '../install.ts';
import type { DtlsPeer, DtlsSetup, Suite } from './peer.ts';
import { programPeer } from './program-peer.ts';

/** By their numbers (IANA TLS Cipher Suites). */
const SUITES: Partial<Record<Suite, string>> = {
  ECDHE_ECDSA_WITH_AES_128_GCM: 'c02b',
  ECDHE_ECDSA_WITH_AES_256_GCM: 'c02c',
  ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'cca9',
  PSK_WITH_AES_128_CCM_8: 'c0a8',
  AES_128_GCM: '1301',
  AES_256_GCM: '1302',
  CHACHA20_POLY1305: '1303',
};

/** A Rust program on dimpl: `peers/dimpl-peer`. */
export const dimpl: DtlsPeer = programPeer({
  name: 'dimpl',
  build: () => buildCargoPeer('dimpl-peer'),
  server(port, setup) {
    const { certificate, clientCertificate, cookie } = setup;
    return [
      ...['server', `127.0.0.1:${port}`, ...common(setup), ...own(certificate)],
      ...(clientCertificate === undefined ? [] : ['--mutual', `--peer=${clientCertificate.certDerFile}`]),
      ...(cookie === false ? ['--no-cookie'] : []),
    ];
  },
  client(port, setup) {
    const { certificate, clientCertificate } = setup;
    return [
      ...['client', `127.0.0.1:${port}`, ...common(setup), ...own(clientCertificate)],
      ...(certificate === undefined ? [] : [`--peer=${certificate.certDerFile}`]),
    ];
  },
  report: ({ version = '1.2' }) =>
    new RegExp(`(CLIENT|SERVER) version=DTLS${version === 'both' ? '1_[23]' : version.replace('.', '_')}\\n`),
  closed: /^closed/m,
});

/** It wants a certificate of its own in any case. */
const own = (certificate = makeCertificate()): string[] => [
  `--cert=${certificate.certDerFile}`,
  `--key=${certificate.keyDerFile}`,
];

function common({ version = '1.2', suite, group, mtu, psk, keyUpdate }: DtlsSetup): string[] {
  return [
    ...(keyUpdate ? ['--key-update', '--count=4'] : []),
    `--version=${version.replace('.', '')}`,
    ...(suite === undefined ? [] : [`--suite=${SUITES[suite]}`]),
    ...(group === undefined ? [] : [`--group=${group === 'x25519' ? 'x25519' : 'p256'}`]),
    ...(mtu === undefined ? [] : [`--mtu=${mtu}`]),
    ...(psk === undefined ? [] : [`--psk=${psk.hexKey}`, `--identity=${psk.identity}`]),
  ];
}
