import { freeUdpPort } from '../free-port.ts';
import { ensureProgram } from '../install.ts';
import { startPeer } from '../process.ts';
import type { DtlsPeer, DtlsSetup, Suite } from './peer.ts';

const CIPHERS: Partial<Record<Suite, string>> = {
  ECDHE_ECDSA_WITH_AES_128_GCM: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  ECDHE_ECDSA_WITH_AES_256_GCM: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  ECDHE_ECDSA_WITH_AES_128_CCM: 'ECDHE-ECDSA-AES128-CCM',
  ECDHE_ECDSA_WITH_AES_128_CCM_8: 'ECDHE-ECDSA-AES128-CCM8',
  ECDHE_RSA_WITH_AES_128_GCM: 'ECDHE-RSA-AES128-GCM-SHA256',
  ECDHE_RSA_WITH_AES_256_GCM: 'ECDHE-RSA-AES256-GCM-SHA384',
  ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  PSK_WITH_AES_128_GCM: 'PSK-AES128-GCM-SHA256',
  PSK_WITH_AES_128_CCM_8: 'PSK-AES128-CCM8',
  ECDHE_PSK_WITH_CHACHA20_POLY1305: 'ECDHE-PSK-CHACHA20-POLY1305',
};

const GROUPS = { x25519: 'X25519', secp256r1: 'P-256' } as const;

/** `openssl s_server` and `s_client`. */
export const openssl: DtlsPeer = {
  name: 'OpenSSL',
  install: () => ensureProgram('openssl', 'openssl'),

  async startServer(setup) {
    const port = await freeUdpPort();
    const { certificate, clientCertificate, psk } = setup;
    const server = startPeer('openssl', [
      ...['s_server', '-dtls1_2', '-accept', `127.0.0.1:${port}`, ...common(setup)],
      ...(certificate === undefined ? ['-nocert'] : ['-cert', certificate.certFile, '-key', certificate.keyFile]),
      ...(clientCertificate === undefined
        ? []
        : ['-Verify', '1', '-verify_return_error', '-CAfile', clientCertificate.certFile]),
      ...(psk === undefined ? [] : ['-psk', psk.hexKey]),
    ]);
    await server.waitFor(/ACCEPT/);
    return {
      port,
      async echoes(text) {
        await server.waitFor(new RegExp(text));
        server.write(text);
      },
      async closed() {
        await server.waitFor(/DONE/);
      },
      stop: () => server.stop(),
    };
  },

  async connect(port, setup) {
    const { certificate, clientCertificate, psk } = setup;
    const client = startPeer('openssl', [
      ...['s_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`, ...common(setup)],
      ...(certificate === undefined
        ? []
        : ['-CAfile', certificate.certFile, '-verify_return_error', '-verify_ip', '127.0.0.1']),
      ...(clientCertificate === undefined
        ? []
        : ['-cert', clientCertificate.certFile, '-key', clientCertificate.keyFile]),
      ...(psk === undefined ? [] : ['-psk', psk.hexKey, '-psk_identity', psk.identity]),
    ]);
    try {
      const cipher = setup.suite === undefined ? 'ECDHE-\\S+' : CIPHERS[setup.suite];
      await client.waitFor(new RegExp(`Cipher {4}: ${cipher}\\n`));
      await client.waitFor(/Extended master secret: yes/);
      if (certificate !== undefined) await client.waitFor(/Verify return code: 0 \(ok\)/);
      // It tells all this of a handshake that has failed, too.
      if (/SSL alert number/.test(client.output())) throw new Error(client.output());
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
        client.write('Q\n');
        await client.exited;
      },
      stop: () => client.stop(),
    };
  },
};

function common({ suite, group, mtu }: DtlsSetup): string[] {
  // OpenSSL rates the 8-byte tags of CCM_8 at 64 bits, which only level 0 takes.
  const level = suite?.endsWith('CCM_8') ? ':@SECLEVEL=0' : '';
  return [
    ...(suite === undefined ? [] : ['-cipher', `${CIPHERS[suite]}${level}`]),
    ...(group === undefined ? [] : ['-groups', GROUPS[group]]),
    ...(mtu === undefined ? [] : ['-mtu', String(mtu)]),
  ];
}
