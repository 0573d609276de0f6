import type { Compression, PathTableVersion } from '@lb-matrix/msc3079-mapper';
import type { ClientPlatform } from './client-platform.ts';
import type { Trims } from './trims.ts';

/** Where requests go at the moment, over all connections. */
export type ConnectionState =
  /** No connection yet, or none that is needed. */
  | 'idle'
  /** A handshake is under way. */
  | 'connecting'
  | 'connected'
  /** UDP does not get through: requests go over HTTPS, and UDP is tried again later. */
  | 'fallback'
  | 'closed';

/** Why a request went to the real `fetch`. */
export type FallbackReason =
  /** Outside `/_matrix/client/`. */
  | 'outside'
  /** Media under `/_matrix/client/`. */
  | 'media'
  /** Neither GET, POST, PUT nor DELETE. */
  | 'method'
  /** A body that is not JSON. */
  | 'body'
  /** A body above `maxBodyBytes`. */
  | 'too_large'
  /** A path segment or query argument that is longer than the server takes it. */
  | 'too_long'
  /** A request that has no form in CoAP, such as an Authorization that is no Bearer token. */
  | 'unmappable'
  /** The server's /versions offers no low bandwidth. */
  | 'unsupported'
  /** Whoever answers has another public key than the server: see `pins`. HTTPS verifies by itself. */
  | 'pin_mismatch'
  /** No connection came about, or it broke and could not be replaced. */
  | 'unreachable';

/** A request that went to the real `fetch`. */
export interface FallbackEvent {
  /** As it was asked for; the query may hold what the app considers private. */
  readonly url: string;
  readonly method: string;
  readonly reason: FallbackReason;
  /** What failed, where something did. */
  readonly error?: unknown;
}

/** How keep-alives learn what the network's NAT stands. They are only sent while a /sync is observed or waits. */
export interface KeepAliveOptions {
  /** Milliseconds of silence before the first keep-alive on a network that is not known. Default 25,000. */
  readonly first?: number | undefined;
  /** The longest silence that is tried, in milliseconds. Default 300,000. */
  readonly longest?: number | undefined;
}

/** What `createLowBandwidthFetch` takes. */
export interface LowBandwidthFetchOptions {
  /** Sockets, clock, randomness, storage. */
  readonly platform: ClientPlatform;
  /**
   * The address of the low-bandwidth server, for requests of every origin: use one fetch for one homeserver then.
   * Default: what `{origin}/_matrix/client/versions` names over HTTPS, at the origin's own host.
   */
  readonly server?: { readonly host: string; readonly port: number } | undefined;
  /** The `fetch` for what does not go over low bandwidth. Default: `globalThis.fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Told of each request that goes to the real `fetch`. */
  readonly onFallback?: ((event: FallbackEvent) => void) | undefined;
  /**
   * The version of the tables to ask servers for; with 2 also base64 as bytes. Default 1: plain MSC3079. A server that does not
   * know it gets that.
   */
  readonly tables?: PathTableVersion | undefined;
  /**
   * Ask servers to compress, and compress for those that do: `nodeDeflate` or `fflateDeflate` of `@lb-matrix/msc3079-mapper`.
   * Default, and `false`: nothing is compressed.
   */
  readonly compression?: Compression | false | undefined;
  /**
   * Ask servers to leave out of answers of /sync what is known by those before: what the app gets is the same, byte for byte of its CBOR.
   * Default false.
   */
  readonly lean?: boolean | undefined;
  /** What the app does without, for fewer bytes. Default: nothing, it gets all that the homeserver has for it. */
  readonly trims?: Trims | undefined;
  /** Have /sync pushed instead of polled, where the server can do that. Default true. */
  readonly observe?: boolean | undefined;
  /** Milliseconds without a /sync call until the server is told to stop pushing. Default 60,000. */
  readonly observeIdle?: number | undefined;
  /** A name of the network the device is in, such as that of the wifi: keep-alives and round trips are remembered under it. Default: one for all. */
  readonly networkKey?: (() => string) | undefined;
  readonly keepAlive?: KeepAliveOptions | undefined;
  /** Milliseconds that the first handshake with a server may take before HTTPS is used. Default 15,000. */
  readonly connectTimeout?: number | undefined;
  /** The longest body of a request, in bytes of JSON; longer ones go over HTTPS. Default 262,144. */
  readonly maxBodyBytes?: number | undefined;
}
