/** What went over one endpoint, or over all of a server's, so far. Bytes are payload bytes of datagrams. */
export interface EndpointStats {
  datagramsSent: number;
  datagramsReceived: number;
  bytesSent: number;
  bytesReceived: number;
  /** Messages sent again for want of an acknowledgement. */
  retransmissions: number;
  /** Messages received again (RFC 7252 section 4.5). */
  duplicates: number;
  /** Own requests that were answered: the round trips of a client that does one thing at a time. */
  roundTrips: number;
  /** Requests that reached the handler. */
  requests: number;
  /** Datagrams dropped as noise: malformed, out of place or for nobody. */
  dropped: number;
}

/** Nothing yet. */
export function emptyStats(): EndpointStats {
  return {
    datagramsSent: 0,
    datagramsReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    retransmissions: 0,
    duplicates: 0,
    roundTrips: 0,
    requests: 0,
    dropped: 0,
  };
}

/** Adds `more` to `sum`. */
export function addStats(sum: EndpointStats, more: Readonly<EndpointStats>): void {
  for (const name of Object.keys(sum) as (keyof EndpointStats)[]) sum[name] += more[name];
}
