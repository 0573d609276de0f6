import type { CertificateFiles } from '../certificate.ts';
import { buildWolfSslPeer } from '../install.ts';
import type { DtlsPeer, DtlsSetup, Suite } from './peer.ts';
import { programPeer } from './program-peer.ts';

const SUITES: Record<Suite, string> = {
  ECDHE_ECDSA_WITH_AES_128_GCM: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  ECDHE_ECDSA_WITH_AES_256_GCM: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  ECDHE_ECDSA_WITH_AES_128_CCM: 'ECDHE-ECDSA-AES128-CCM',
  ECDHE_ECDSA_WITH_AES_128_CCM_8: 'ECDHE-ECDSA-AES128-CCM-8',
  ECDHE_RSA_WITH_AES_128_GCM: 'ECDHE-RSA-AES128-GCM-SHA256',
  ECDHE_RSA_WITH_AES_256_GCM: 'ECDHE-RSA-AES256-GCM-SHA384',
  ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  PSK_WITH_AES_128_GCM: 'PSK-AES128-GCM-SHA256',
  PSK_WITH_AES_128_CCM_8: 'PSK-AES128-CCM-8',
  ECDHE_PSK_WITH_AES_128_GCM: 'ECDHE-PSK-AES128-GCM-SHA256',
  ECDHE_PSK_WITH_CHACHA20_POLY1305: 'ECDHE-PSK-CHACHA20-POLY1305',
  AES_128_GCM: 'TLS13-AES128-GCM-SHA256',
  AES_256_GCM: 'TLS13-AES256-GCM-SHA384',
  CHACHA20_POLY1305: 'TLS13-CHACHA20-POLY1305-SHA256',
};

/** A C program on wolfSSL: `peers/wolfssl-peer`. */
export const wolfssl: DtlsPeer = programPeer({
  name: 'wolfSSL',
  build: buildWolfSslPeer,
  server(port, setup) {
    const { certificate, clientCertificate, clientRawKey, rawKey, cookie } = setup;
    return [
      ...['server', '--port', String(port), ...common(setup)],
      ...(certificate === undefined ? [] : own(certificate, rawKey)),
      ...(clientCertificate === undefined ? [] : trusted(clientCertificate, clientRawKey)),
      ...(cookie === false ? ['--no-cookie'] : []),
    ];
  },
  client(port, setup) {
    const { certificate, clientCertificate, clientRawKey, rawKey, keyUpdate } = setup;
    return [
      ...['client', '--port', String(port), ...common(setup)],
      ...(certificate === undefined ? [] : trusted(certificate, rawKey)),
      ...(clientCertificate === undefined ? [] : own(clientCertificate, clientRawKey)),
      ...(keyUpdate ? ['--count', '4'] : []),
    ];
  },
  // Of the keys in a session, that they came alone (2, by IANA's numbers).
  report({ version = '1.2', rawKey, clientRawKey }) {
    const expected = version === 'both' ? '1.[23]' : version;
    const types = `${rawKey ? '.* server-cert-type=2' : ''}${clientRawKey ? '.* client-cert-type=2' : ''}`;
    return new RegExp(`(CLIENT|SERVER) version=DTLSv${expected} ${types}`);
  },
  closed: /^closed/m,
});

const trusted = ({ certFile, spkiDerFile }: CertificateFiles, rawKey = false): string[] =>
  rawKey ? ['--pin', spkiDerFile] : ['--ca', certFile];

const own = ({ certFile, keyFile, spkiDerFile }: CertificateFiles, rawKey = false): string[] => [
  '--cert',
  rawKey ? spkiDerFile : certFile,
  '--key',
  keyFile,
];

function common({
  version = '1.2',
  suite,
  group,
  mtu,
  psk,
  pskAlone,
  rawKey,
  clientRawKey,
  keyUpdate,
}: DtlsSetup): string[] {
  return [
    ...['--version', version === 'both' ? '0' : version.replace('.', '')],
    ...(keyUpdate ? ['--key-update'] : []),
    ...(rawKey ? ['--raw-keys'] : []),
    ...(clientRawKey ? ['--client-raw-keys'] : []),
    ...(pskAlone ? ['--psk-alone'] : []),
    ...(suite === undefined ? [] : ['--suite', SUITES[suite]]),
    ...(group === undefined ? [] : ['--group', group === 'x25519' ? 'x25519' : 'p256']),
    ...(mtu === undefined ? [] : ['--mtu', String(mtu)]),
    ...(psk === undefined ? [] : ['--psk', psk.hexKey, '--identity', psk.identity]),
  ];
}
