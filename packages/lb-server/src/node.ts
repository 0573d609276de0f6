import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { type DtlsListenerHandle, type ListenDtlsOptions, listenDtls } from '@lb-matrix/dtls-transport/node';
import { createLowBandwidthServer, type LowBandwidthOptions, type LowBandwidthServer } from './server.ts';

/** Everything of `createLowBandwidthServer` but what the socket decides, and everything of `listenDtls`. */
export type ListenLowBandwidthOptions = Omit<LowBandwidthOptions, 'platform' | 'dtlsPort'> & ListenDtlsOptions;

/** A low-bandwidth server on a UDP socket of its own. */
export interface ListeningServer extends Omit<LowBandwidthServer, 'serve'> {
  /** What the socket is bound to. */
  readonly address: DtlsListenerHandle['address'];
  /** Another certificate for new sessions, such as a renewed one; sessions that are there go on. Throws as `listenDtls` rejects. */
  readonly setCertificate: DtlsListenerHandle['setCertificate'];
}

/**
 * Listens for CoAP over DTLS on a UDP port and answers with what the homeserver says. Resolves when the socket is bound.
 * Rejects with the system's error (`EADDRINUSE`, ...), or with `CertificateError` for a key or certificate that does not do.
 */
export async function listenLowBandwidth(options: ListenLowBandwidthOptions): Promise<ListeningServer> {
  const listener = await listenDtls(options);
  const { serve, handleHttp, loopGuard, close } = createLowBandwidthServer({
    ...options,
    platform: nodePlatform,
    dtlsPort: listener.address.port,
  });
  serve(listener);
  const setCertificate: ListeningServer['setCertificate'] = (certificate) => listener.setCertificate(certificate);
  return { address: listener.address, setCertificate, handleHttp, loopGuard, close };
}
