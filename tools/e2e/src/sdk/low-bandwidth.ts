import type { LowBandwidthFetch, LowBandwidthStats } from '@lb-matrix/lb-client';
import { createLowBandwidthFetch } from '@lb-matrix/lb-client/node';

/** How devices reach the low-bandwidth server. */
export interface LowBandwidthOptions {
  /** UDP, on 127.0.0.1. */
  readonly port: number;
  /** The server's certificate in DER. */
  readonly certificate: Uint8Array;
  /** The port that a device is to use instead of the server's, such as that of a bad link. */
  readonly portOf?: (device: string) => number;
}

/** The low-bandwidth connections of all devices of a story. */
export interface LowBandwidth {
  /** A `fetch` for one device. */
  readonly connect: (device: string) => typeof fetch;
  /** `METHOD path: reason` of each request that went over HTTP. */
  readonly fallbacks: readonly string[];
  /** Bytes of UDP payload so far, of all devices in both directions. */
  bytes(): number;
  /** Answers that were pushed, of all devices. */
  pushes(): number;
  close(): void;
}

/** Opens low-bandwidth connections as apps do. */
export function lowBandwidth({ port, certificate, portOf }: LowBandwidthOptions): LowBandwidth {
  const fallbacks: string[] = [];
  const devices = new Map<string, LowBandwidthFetch>();
  const sum = (count: (stats: LowBandwidthStats) => number): number =>
    [...devices.values()].reduce((total, device) => total + count(device.stats()), 0);
  return {
    connect(device) {
      const known = devices.get(device);
      if (known !== undefined) return known;
      const opened = createLowBandwidthFetch({
        server: { host: '127.0.0.1', port: portOf?.(device) ?? port },
        roots: [certificate],
        onFallback: ({ method, url, reason }) => fallbacks.push(`${method} ${new URL(url).pathname}: ${reason}`),
      });
      devices.set(device, opened);
      return opened;
    },
    fallbacks,
    bytes: () => sum(({ bytesSent, bytesReceived }) => bytesSent + bytesReceived),
    pushes: () => sum(({ pushes }) => pushes),
    close() {
      for (const device of devices.values()) device.close();
    },
  };
}
