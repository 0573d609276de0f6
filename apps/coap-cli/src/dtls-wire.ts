import { UsageError } from '@lb-matrix/cli-args';
import { CIPHER_SUITE_NAMES, type CipherSuiteName, publicKeyPin } from '@lb-matrix/dtls-transport';
import { connectDtls, type DtlsClientPipe, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import type { OpenWire, WireOptions } from './wire.ts';

/** The longest that a handshake may take. */
const HANDSHAKE_TIMEOUT = 30_000;

/** DTLS to one address; a certificate must carry the name that stands in the URL, a pinned key need not. */
export const openWire: OpenWire = async (address, { host, port }, options) => {
  const { mtu, insecure, roots, pins, psk, clientCertificate, ciphers, keyLog, signal } = options;
  const pipe = await connectDtls({
    host: address,
    port,
    serverName: host,
    versions: ['1.3', '1.2'],
    connectionIds: true,
    roots,
    pins,
    psk,
    clientCertificate,
    dangerouslySkipVerification: insecure,
    mtu,
    cipherSuites: ciphers?.map(cipherSuite),
    keyLog,
    signal,
    handshakeTimeout: HANDSHAKE_TIMEOUT,
  });
  const { version, cipherSuite: suite, group } = pipe.protocol;
  const protocol = [version, suite, ...(group === undefined ? [] : [group]), whoAnswered(pipe, options)].join(', ');
  return { pipe, protocol, handshake: pipe.stats(), traffic: () => pipe.stats() };
};

/** How the server has shown who it is. */
function whoAnswered({ peer }: DtlsClientPipe, { psk, pins, insecure }: WireOptions): string {
  if (psk !== undefined) return 'pre-shared key';
  if (peer.rawKey !== undefined) return `raw public key ${publicKeyPin(peer.rawKey, nodeCrypto)}`;
  if (pins !== undefined) return 'certificate with a pinned key';
  return insecure ? 'certificate not verified (-k)' : 'certificate verified';
}

function cipherSuite(name: string): CipherSuiteName {
  const known = CIPHER_SUITE_NAMES.find((each) => each === name);
  if (known === undefined) throw new UsageError(`--ciphers: ${name} is none of ${CIPHER_SUITE_NAMES.join(', ')}`);
  return known;
}
