import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeUdpPort } from '../free-port.ts';
import { ensureProgram } from '../install.ts';
import { startPeer } from '../process.ts';
import type { DtlsPeer, DtlsSetup, Suite } from './peer.ts';

/** Key exchange and cipher, as in GnuTLS's priority strings. */
const SUITES: Partial<Record<Suite, readonly [kx: string, cipher: string]>> = {
  ECDHE_ECDSA_WITH_AES_128_GCM: ['ECDHE-ECDSA', 'AES-128-GCM'],
  ECDHE_ECDSA_WITH_AES_256_GCM: ['ECDHE-ECDSA', 'AES-256-GCM'],
  ECDHE_ECDSA_WITH_CHACHA20_POLY1305: ['ECDHE-ECDSA', 'CHACHA20-POLY1305'],
  ECDHE_ECDSA_WITH_AES_128_CCM: ['ECDHE-ECDSA', 'AES-128-CCM'],
  ECDHE_ECDSA_WITH_AES_128_CCM_8: ['ECDHE-ECDSA', 'AES-128-CCM-8'],
  ECDHE_RSA_WITH_AES_128_GCM: ['ECDHE-RSA', 'AES-128-GCM'],
  ECDHE_RSA_WITH_AES_256_GCM: ['ECDHE-RSA', 'AES-256-GCM'],
  ECDHE_RSA_WITH_CHACHA20_POLY1305: ['ECDHE-RSA', 'CHACHA20-POLY1305'],
  PSK_WITH_AES_128_GCM: ['PSK', 'AES-128-GCM'],
  PSK_WITH_AES_128_CCM_8: ['PSK', 'AES-128-CCM-8'],
  ECDHE_PSK_WITH_CHACHA20_POLY1305: ['ECDHE-PSK', 'CHACHA20-POLY1305'],
};

/** `gnutls-serv` and `gnutls-cli`. */
export const gnutls: DtlsPeer = {
  name: 'GnuTLS',
  install: () => ensureProgram('gnutls-serv', 'gnutls-bin'),

  async startServer(setup) {
    const port = await freeUdpPort();
    const { certificate, clientCertificate, psk, cookie } = setup;
    const server = startPeer('stdbuf', [
      // Line by line, so that we see its EOF when it happens.
      ...['-oL', 'gnutls-serv', '--udp', '-p', String(port), '--echo', ...common(setup)],
      ...(certificate === undefined
        ? []
        : ['--x509certfile', certificate.certFile, '--x509keyfile', certificate.keyFile]),
      ...(clientCertificate === undefined
        ? ['--disable-client-cert']
        : ['--require-client-cert', '--verify-client-cert', '--x509cafile', clientCertificate.certFile]),
      ...(psk === undefined ? [] : ['--pskpasswd', passwordFile(psk)]),
      ...(cookie === false ? ['--nocookie'] : []),
    ]);
    await server.waitFor(/IPv6 \S+ port \d+\.\.\.done/);
    return {
      port,
      echoes: async () => {},
      async closed() {
        await server.waitFor(/EOF/);
      },
      stop: () => server.stop(),
    };
  },

  async connect(port, setup) {
    const { certificate, clientCertificate, psk } = setup;
    const client = startPeer('gnutls-cli', [
      ...['--udp', '-p', String(port), '127.0.0.1', ...common(setup)],
      ...(certificate === undefined
        ? []
        : ['--x509cafile', certificate.certFile, '--verify-hostname', 'localhost', '--sni-hostname', 'localhost']),
      ...(clientCertificate === undefined
        ? []
        : ['--x509certfile', clientCertificate.certFile, '--x509keyfile', clientCertificate.keyFile]),
      ...(psk === undefined ? [] : ['--pskusername', psk.identity, '--pskkey', psk.hexKey]),
    ]);
    try {
      const cipher = setup.suite === undefined ? '[A-Z0-9-]+' : SUITES[setup.suite]![1];
      await client.waitFor(new RegExp(`Description: \\(DTLS1\\.2.*-\\(${cipher}\\)`));
      await client.waitFor(/Options: extended master secret/);
      await client.waitFor(/Handshake was completed/);
      if (certificate !== undefined) await client.waitFor(/Status: The certificate is trusted/);
    } catch (error) {
      await client.stop();
      throw error;
    }
    client.write('hello\n');
    return {
      async shows(text) {
        await client.waitFor(new RegExp(text));
      },
      async close() {
        client.process.stdin!.end();
        await client.exited;
      },
      stop: () => client.stop(),
    };
  },
};

function common({ suite, group, mtu, recordSize }: DtlsSetup): string[] {
  const [kx, cipher] = (suite && SUITES[suite]) ?? [];
  const only = cipher === undefined ? '' : `:-CIPHER-ALL:+${cipher}:-KX-ALL:+${kx}`;
  const groups = group === undefined ? '' : `:-GROUP-ALL:+GROUP-${group.toUpperCase()}`;
  return [
    ...['--priority', `NORMAL:-VERS-ALL:+VERS-DTLS1.2${only}${groups}`],
    ...(mtu === undefined ? [] : ['--mtu', String(mtu)]),
    ...(recordSize === undefined ? [] : ['--recordsize', String(recordSize)]),
  ];
}

function passwordFile({ identity, hexKey }: NonNullable<DtlsSetup['psk']>): string {
  const file = join(mkdtempSync(join(tmpdir(), 'lbm-psk-')), 'keys');
  writeFileSync(file, `${identity}:${hexKey}\n`);
  return file;
}
