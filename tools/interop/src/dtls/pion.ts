import { freeUdpPort } from '../free-port.ts';
import { buildGoPeer } from '../install.ts';
import { startPeer } from '../process.ts';
import type { DtlsPeer, DtlsSetup, Suite } from './peer.ts';

/** The ends of the names in Go's spelling, where they are not `_SHA256`. */
const HASH: Partial<Record<Suite, string>> = {
  ECDHE_ECDSA_WITH_AES_128_CCM: '',
  ECDHE_ECDSA_WITH_AES_128_CCM_8: '',
  PSK_WITH_AES_128_CCM_8: '',
  ECDHE_ECDSA_WITH_AES_256_GCM: '_SHA384',
  ECDHE_RSA_WITH_AES_256_GCM: '_SHA384',
};

const nameOf = (suite: Suite): string => `TLS_${suite}${HASH[suite] ?? '_SHA256'}`;

/** What it reports of a session. */
const reportOf = ({ suite }: DtlsSetup): RegExp =>
  new RegExp(`(CLIENT|SERVER) version=DTLS1.2 suite=${suite === undefined ? 'TLS_\\S+' : nameOf(suite)} `);

/** A Go program on pion/dtls: `peers/pion-peer`. */
export const pion: DtlsPeer = {
  name: 'pion',
  install: () => void buildGoPeer('pion-peer'),

  async startServer(setup) {
    const port = await freeUdpPort();
    const { certificate, clientCertificate, cookie } = setup;
    const server = startPeer(buildGoPeer('pion-peer'), [
      ...['server', '-addr', `127.0.0.1:${port}`, ...common(setup)],
      ...(certificate === undefined ? [] : ['-cert', certificate.certFile, '-key', certificate.keyFile]),
      ...(clientCertificate === undefined ? [] : ['-mtls', '-ca', clientCertificate.certFile]),
      ...(cookie === false ? ['-no-cookie'] : []),
    ]);
    await server.waitFor(/LISTENING/);
    return {
      port,
      async echoes() {
        await server.waitFor(reportOf(setup));
      },
      async closed() {
        await server.waitFor(/closed: EOF/);
      },
      stop: () => server.stop(),
    };
  },

  async connect(port, setup) {
    const { certificate, clientCertificate } = setup;
    const client = startPeer(buildGoPeer('pion-peer'), [
      ...['client', '-addr', `127.0.0.1:${port}`, '-send', 'hello', ...common(setup)],
      ...(certificate === undefined ? [] : ['-ca', certificate.certFile]),
      ...(clientCertificate === undefined
        ? []
        : ['-cert', clientCertificate.certFile, '-key', clientCertificate.keyFile]),
    ]);
    await client.waitFor(reportOf(setup));
    return {
      async shows(text) {
        await client.waitFor(new RegExp(text));
      },
      async close() {
        // It does that by itself after one answer.
        await client.exited;
      },
      stop: () => client.stop(),
    };
  },
};

function common({ suite, group, mtu, psk }: DtlsSetup): string[] {
  return [
    ...(suite === undefined ? [] : ['-suites', nameOf(suite)]),
    ...(group === undefined ? [] : ['-curves', group === 'x25519' ? 'x25519' : 'p256']),
    ...(mtu === undefined ? [] : ['-mtu', String(mtu)]),
    ...(psk === undefined ? [] : ['-psk', psk.hexKey, '-identity', psk.identity]),
  ];
}
