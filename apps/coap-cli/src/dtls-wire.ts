import { connectDtls } from '@lb-matrix/dtls-transport/node';
import type { OpenWire } from './wire.ts';

/** The longest that a handshake may take. */
const HANDSHAKE_TIMEOUT = 30_000;

/** DTLS to one address; the certificate must carry the name that stands in the URL. */
export const openWire: OpenWire = async (address, { host, port }, { mtu, insecure, roots, keyLog, signal }) => {
  const pipe = await connectDtls({
    host: address,
    port,
    serverName: host,
    roots,
    dangerouslySkipVerification: insecure,
    mtu,
    keyLog,
    signal,
    handshakeTimeout: HANDSHAKE_TIMEOUT,
  });
  const { version, cipherSuite } = pipe.protocol;
  const verified = insecure ? 'certificate not verified (-k)' : 'certificate verified';
  return { pipe, protocol: `${version}, ${cipherSuite}, ${verified}`, traffic: () => pipe.stats() };
};
