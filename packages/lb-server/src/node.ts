import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { publicKeyPin } from '@lb-matrix/dtls-transport';
import {
  type DtlsListenerHandle,
  type ListenDtlsOptions,
  listenDtls,
  nodeCrypto,
  type RawKey,
} from '@lb-matrix/dtls-transport/node';
import { type NodeCompression, nodeCompression } from '@lb-matrix/msc3079-mapper/node';
import { createLowBandwidthServer, type LowBandwidthOptions, type LowBandwidthServer } from './server.ts';

/**
 * Everything of `createLowBandwidthServer` but what the socket decides, and everything of `listenDtls`. `tables` is 2,
 * `compression` is there and `lean` is true by default, for clients that ask for them.
 */
export interface ListenLowBandwidthOptions
  extends Omit<LowBandwidthOptions, 'platform' | 'dtlsPort' | 'rawKeys' | 'compression'>,
    ListenDtlsOptions {
  /** By node:zlib, for clients that ask for it; `false`: for nobody. Default: level 9, from 8 bytes on. */
  readonly compression?: NodeCompression | false | undefined;
  /** The pin of the key that will follow `rawKey`, for /versions: clients that have seen it take the new key at once. */
  readonly nextRawKeyPin?: string | undefined;
}

/** A low-bandwidth server on a UDP socket of its own. */
export interface ListeningServer extends Omit<LowBandwidthServer, 'serve' | 'setRawKeys'> {
  /** What the socket is bound to. */
  readonly address: DtlsListenerHandle['address'];
  /** Another certificate for new sessions, such as a renewed one; sessions that are there go on. Throws as `listenDtls` rejects. */
  readonly setCertificate: DtlsListenerHandle['setCertificate'];
  /**
   * Another key to show without a certificate in new sessions; /versions names its pin, and `nextRawKeyPin` if that is still to
   * come. Throws `CertificateError`, and then all stays as it was.
   */
  readonly setRawKey: DtlsListenerHandle['setRawKey'];
}

/**
 * Listens for CoAP over DTLS on a UDP port and answers with what the homeserver says. Resolves when the socket is bound.
 * Rejects with the system's error (`EADDRINUSE`, ...), or with `CertificateError` for a key or certificate that does not do.
 */
export async function listenLowBandwidth(options: ListenLowBandwidthOptions): Promise<ListeningServer> {
  const listener = await listenDtls(options);
  const { rawKey, nextRawKeyPin } = options;
  const pinsOf = (key: RawKey): readonly string[] => [
    ...new Set([pinOf(key), ...(nextRawKeyPin === undefined ? [] : [nextRawKeyPin])]),
  ];
  const { serve, setRawKeys, handleHttp, loopGuard, close } = createLowBandwidthServer({
    ...options,
    tables: options.tables ?? 2,
    compression: nodeCompression(options.compression),
    lean: options.lean ?? true,
    platform: nodePlatform,
    dtlsPort: listener.address.port,
    rawKeys: rawKey && pinsOf(rawKey),
  });
  serve(listener);
  const setCertificate: ListeningServer['setCertificate'] = (certificate) => listener.setCertificate(certificate);
  const setRawKey: ListeningServer['setRawKey'] = (key) => {
    listener.setRawKey(key);
    setRawKeys(pinsOf(key));
  };
  return { address: listener.address, setCertificate, setRawKey, handleHttp, loopGuard, close };
}

function pinOf({ privateKey }: RawKey): string {
  return publicKeyPin(nodeCrypto.importSigningKey(privateKey).spki, nodeCrypto);
}
