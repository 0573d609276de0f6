import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { type ConnectDtlsOptions, connectDtls } from '@lb-matrix/dtls-transport/node';
import { type NodeCompression, nodeCompression } from '@lb-matrix/msc3079-mapper/node';
import type { ClientStorage, ConnectTarget } from './client-platform.ts';
import { createLowBandwidthFetch as create, type LowBandwidthFetch } from './low-bandwidth-fetch.ts';
import type { LowBandwidthFetchOptions } from './options.ts';

/**
 * Everything of the core's options but the platform, and how to reach and check the DTLS server. `tables` is 2,
 * `compression` and `lean` are asked for by default.
 */
export interface NodeLowBandwidthFetchOptions
  extends Omit<LowBandwidthFetchOptions, 'platform' | 'compression'>,
    Omit<ConnectDtlsOptions, 'host' | 'port' | 'signal' | 'handshakeTimeout' | 'recordSizeLimit'> {
  /** Asked for, and by node:zlib; `false`: none. Default: level 9, from 8 bytes on. */
  readonly compression?: NodeCompression | false | undefined;
  /** Keeps what was learnt of servers and networks from one run to the next. Default: it is forgotten. */
  readonly storage?: ClientStorage | undefined;
}

/** Two datagrams less in each direction where the server speaks 1.3. */
const VERSIONS = ['1.3', '1.2'] as const;
/** The address of a phone changes more often than its session is worth a handshake: 4 bytes of each datagram up. */
const CONNECTION_IDS = true;

/** What the homeserver has said of its keys counts unless the app itself says whom to trust. */
function trustOf(
  { pins, roots, psk, versions = VERSIONS, dangerouslySkipVerification }: NodeLowBandwidthFetchOptions,
  named: Pick<ConnectTarget, 'pins'>,
): Pick<ConnectDtlsOptions, 'pins' | 'versions'> {
  const isSaid = pins !== undefined || roots !== undefined || psk !== undefined || dangerouslySkipVerification === true;
  if (isSaid || named.pins === undefined) return { pins, versions };
  // A raw key takes DTLS 1.3, so a server that has one speaks it: nothing older is worth its bytes.
  return { pins: named.pins, versions: ['1.3'] };
}

/** In milliseconds: what the server needs for its part of a handshake may take longer than a short round trip. */
const SHORTEST_REPETITION = 250;

/**
 * RFC 9147 5.8.2 has 1.5 round trips where one was measured. This one was measured earlier, perhaps in another place of the same
 * network.
 */
function repetition({ roundTrip }: ConnectTarget): Pick<ConnectDtlsOptions, 'retransmissionTimeout'> {
  if (roundTrip === undefined) return {};
  return { retransmissionTimeout: Math.round(Math.max(SHORTEST_REPETITION, 2 * roundTrip)) };
}

/** Makes a `fetch` for Matrix SDKs over DTLS on node:dgram. It opens nothing before the first request. */
export function createLowBandwidthFetch(options: NodeLowBandwidthFetchOptions = {}): LowBandwidthFetch {
  return create({
    ...options,
    tables: options.tables ?? 2,
    compression: nodeCompression(options.compression),
    lean: options.lean ?? true,
    platform: {
      ...nodePlatform,
      wallTime: () => Date.now(),
      connect: (target) =>
        connectDtls({
          connectionIds: CONNECTION_IDS,
          ...repetition(target),
          ...options,
          ...target,
          ...trustOf(options, target),
        }),
      storage: options.storage,
    },
  });
}
