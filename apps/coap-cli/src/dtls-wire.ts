import { UsageError } from '@lb-matrix/cli-args';
import { CIPHER_SUITE_NAMES, type CipherSuiteName } from '@lb-matrix/dtls-transport';
import { connectDtls } from '@lb-matrix/dtls-transport/node';
import type { OpenWire } from './wire.ts';

/** The longest that a handshake may take. */
const HANDSHAKE_TIMEOUT = 30_000;

/** DTLS to one address; the certificate must carry the name that stands in the URL. */
export const openWire: OpenWire = async (address, { host, port }, options) => {
  const { mtu, insecure, roots, psk, clientCertificate, ciphers, keyLog, signal } = options;
  const pipe = await connectDtls({
    host: address,
    port,
    serverName: host,
    roots,
    psk,
    clientCertificate,
    dangerouslySkipVerification: insecure,
    mtu,
    cipherSuites: ciphers?.map(cipherSuite),
    keyLog,
    signal,
    handshakeTimeout: HANDSHAKE_TIMEOUT,
  });
  const { version, cipherSuite: suite } = pipe.protocol;
  const trust = psk ? 'pre-shared key' : insecure ? 'certificate not verified (-k)' : 'certificate verified';
  return { pipe, protocol: `${version}, ${suite}, ${trust}`, traffic: () => pipe.stats() };
};

function cipherSuite(name: string): CipherSuiteName {
  const known = CIPHER_SUITE_NAMES.find((each) => each === name);
  if (known === undefined) throw new UsageError(`--ciphers: ${name} is none of ${CIPHER_SUITE_NAMES.join(', ')}`);
  return known;
}
