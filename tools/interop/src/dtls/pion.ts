import type { CertificateFiles } from '../certificate.ts';
import { buildGoPeer } from '../install.ts';
import type { DtlsPeer, DtlsSetup, Suite } from './peer.ts';
import { programPeer } from './program-peer.ts';

/** The ends of the names in Go's spelling, where they are not `_SHA256`. */
const HASH: Partial<Record<Suite, string>> = {
  ECDHE_ECDSA_WITH_AES_128_CCM: '',
  ECDHE_ECDSA_WITH_AES_128_CCM_8: '',
  PSK_WITH_AES_128_CCM_8: '',
  ECDHE_ECDSA_WITH_AES_256_GCM: '_SHA384',
  ECDHE_RSA_WITH_AES_256_GCM: '_SHA384',
};

const nameOf = (suite: Suite): string => `TLS_${suite}${HASH[suite] ?? '_SHA256'}`;

/** A Go program on pion/dtls: `peers/pion-peer`. */
export const pion: DtlsPeer = programPeer({
  name: 'pion',
  build: () => buildGoPeer('pion-peer'),
  server(port, setup) {
    const { certificate, clientCertificate, cookie } = setup;
    return [
      ...['server', '-addr', `127.0.0.1:${port}`, ...common(setup)],
      ...(certificate === undefined ? [] : own(certificate)),
      ...(clientCertificate === undefined ? [] : ['-mtls', '-ca', clientCertificate.certFile]),
      ...(cookie === false ? ['-no-cookie'] : []),
    ];
  },
  client(port, setup) {
    const { certificate, clientCertificate } = setup;
    return [
      ...['client', '-addr', `127.0.0.1:${port}`, '-send', 'hello', ...common(setup)],
      ...(certificate === undefined ? [] : ['-ca', certificate.certFile]),
      ...(clientCertificate === undefined ? [] : own(clientCertificate)),
    ];
  },
  report: ({ suite }) =>
    new RegExp(`(CLIENT|SERVER) version=DTLS1.2 suite=${suite === undefined ? 'TLS_\\S+' : nameOf(suite)} `),
  closed: /closed: EOF/,
});

const own = ({ certFile, keyFile }: CertificateFiles): string[] => ['-cert', certFile, '-key', keyFile];

function common({ suite, group, mtu, psk }: DtlsSetup): string[] {
  return [
    ...(suite === undefined ? [] : ['-suites', nameOf(suite)]),
    ...(group === undefined ? [] : ['-curves', group === 'x25519' ? 'x25519' : 'p256']),
    ...(mtu === undefined ? [] : ['-mtu', String(mtu)]),
    ...(psk === undefined ? [] : ['-psk', psk.hexKey, '-identity', psk.identity]),
  ];
}
