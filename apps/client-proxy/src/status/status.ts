import type { ConnectionState, LowBandwidthFetch } from '@lb-matrix/lb-client';

/** What the status page shows. Nothing of it names a user, a room or a token. */
export interface StatusReport {
  readonly state: ConnectionState;
  /** Scheme, host and port. */
  readonly homeserver: string;
  /** Seconds since the start. */
  readonly uptime: number;
  /** Seconds since the last answer to a /sync; `null` before the first. */
  readonly sinceSync: number | null;
  /** UDP payload, handshakes included. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly datagramsSent: number;
  readonly datagramsReceived: number;
  /** An estimate of the same over HTTPS with JSON. */
  readonly httpBytes: number;
  /** How much less that is; negative while a handshake weighs more than what it has carried. */
  readonly bytesSaved: number;
  readonly requests: number;
  readonly pushes: number;
  readonly fallbacks: number;
}

/** What is to be known of how it goes. */
export interface Status {
  /** A /sync was answered. */
  synced(): void;
  report(): StatusReport;
}

/** Watches a fetch. */
export function createStatus(of: {
  readonly fetch: Pick<LowBandwidthFetch, 'connection' | 'stats'>;
  readonly homeserver: string;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}): Status {
  const { fetch, homeserver, now = () => performance.now() } = of;
  const started = now();
  let lastSync: number | undefined;
  return {
    synced() {
      lastSync = now();
    },
    report() {
      const { bytesSent, bytesReceived, datagramsSent, datagramsReceived, httpBytes, requests, pushes, fallbacks } =
        fetch.stats();
      return {
        state: fetch.connection.state,
        homeserver,
        uptime: seconds(now() - started),
        sinceSync: lastSync === undefined ? null : seconds(now() - lastSync),
        bytesSent,
        bytesReceived,
        datagramsSent,
        datagramsReceived,
        httpBytes,
        bytesSaved: httpBytes - bytesSent - bytesReceived,
        requests,
        pushes,
        fallbacks,
      };
    },
  };
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
