/** 64 MiB. */
export const DEFAULT_MAX_BODY_BYTES = 67_108_864;

/** What peers can make a server hold. Each has a default. */
export interface ServerLimits {
  /** The longest request body, in bytes; a longer one is answered 4.13 with this in Size1. Default 64 MiB. */
  readonly maxBodyBytes: number;
  /**
   * Memory for the bodies of one peer, both directions, in bytes. Default 128 MiB, or twice a larger `maxBodyBytes`.
   */
  readonly maxPeerBytes: number;
  /** Memory for the bodies of all peers, in bytes. Default 256 MiB, or twice a larger `maxPeerBytes`. */
  readonly maxTotalBytes: number;
  /** Unfinished bodies of one peer. Default 64. */
  readonly maxPeerBodies: number;
  /** How long a body is kept after it was last used, in milliseconds. Default 247,000, RFC 7252's EXCHANGE_LIFETIME. */
  readonly lifetime: number;
}

/** The defaults, where nothing else is said. */
export function serverLimits(limits: Partial<ServerLimits>): ServerLimits {
  const maxBodyBytes = limits.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  const maxPeerBytes = limits.maxPeerBytes ?? 2 * Math.max(maxBodyBytes, DEFAULT_MAX_BODY_BYTES);
  return {
    maxBodyBytes,
    maxPeerBytes,
    maxTotalBytes: limits.maxTotalBytes ?? 2 * Math.max(maxPeerBytes, 2 * DEFAULT_MAX_BODY_BYTES),
    maxPeerBodies: limits.maxPeerBodies ?? 64,
    lifetime: limits.lifetime ?? 247_000,
  };
}
