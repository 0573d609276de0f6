import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { type ConnectDtlsOptions, connectDtls } from '@lb-matrix/dtls-transport/node';
import type { ClientStorage } from './client-platform.ts';
import { createLowBandwidthFetch as create, type LowBandwidthFetch } from './low-bandwidth-fetch.ts';
import type { LowBandwidthFetchOptions } from './options.ts';

/** Everything of the core's options but the platform, and how to reach and check the DTLS server. */
export interface NodeLowBandwidthFetchOptions
  extends Omit<LowBandwidthFetchOptions, 'platform'>,
    Omit<ConnectDtlsOptions, 'host' | 'port' | 'signal' | 'handshakeTimeout' | 'recordSizeLimit'> {
  /** Keeps what was learnt of servers and networks from one run to the next. Default: it is forgotten. */
  readonly storage?: ClientStorage | undefined;
}

/** Makes a `fetch` for Matrix SDKs over DTLS on node:dgram. It opens nothing before the first request. */
export function createLowBandwidthFetch(options: NodeLowBandwidthFetchOptions = {}): LowBandwidthFetch {
  return create({
    ...options,
    platform: {
      ...nodePlatform,
      wallTime: () => Date.now(),
      connect: (target) => connectDtls({ ...options, ...target }),
      storage: options.storage,
    },
  });
}
