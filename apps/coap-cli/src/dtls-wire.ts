import { connectDtls } from '@lb-matrix/dtls-transport/node';
import type { OpenWire } from './wire.ts';

/** The longest that a handshake may take. */
const HANDSHAKE_TIMEOUT = 30_000;

/** DTLS to one address; the certificate must carry the name that stands in the URL. */
export const openWire: OpenWire = async (address, { host, port }, options) => {
  const { mtu, insecure, roots, psk, clientCertificate, keyLog, signal } = options;
  const pipe = await connectDtls({
    host: address,
    port,
    serverName: host,
    roots,
    psk,
    clientCertificate,
    dangerouslySkipVerification: insecure,
    mtu,
    keyLog,
    signal,
    handshakeTimeout: HANDSHAKE_TIMEOUT,
  });
  const { version, cipherSuite } = pipe.protocol;
  const trust = psk ? 'pre-shared key' : insecure ? 'certificate not verified (-k)' : 'certificate verified';
  return { pipe, protocol: `${version}, ${cipherSuite}, ${trust}`, traffic: () => pipe.stats() };
};
