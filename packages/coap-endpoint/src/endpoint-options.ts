import { type ServerLimits, ServerTransfers } from '@lb-matrix/blockwise';
import type { OptionRegistry } from '@lb-matrix/coap-codec';
import type { DescribeTooLarge } from './exchange.ts';
import { Quota } from './quota.ts';
import type { CongestionControl } from './timing.ts';
import type { TransmissionParameters } from './transmission.ts';

/** What the endpoints of one server share: the bounds over all its peers. */
export interface SharedState {
  readonly transfers: ServerTransfers;
  readonly duplicates: Quota;
  readonly observations: Quota;
}

/**
 * `maxDuplicates`: messages that are remembered at once for all peers. Default 131,072, about 200 MB at the very most.
 * `maxObservations`: of all peers. Default 65,536.
 */
export function sharedState(
  limits: Partial<ServerLimits> = {},
  maxDuplicates = 131_072,
  maxObservations = 65_536,
): SharedState {
  return {
    transfers: new ServerTransfers(limits),
    duplicates: new Quota(maxDuplicates),
    observations: new Quota(maxObservations),
  };
}

export interface EndpointOptions {
  readonly randomBytes: (length: number) => Uint8Array;
  /** The largest datagram that may be sent now, in bytes. */
  readonly maxPayload: () => number;
  /** For strangers: `congestion`. */
  readonly transmission?: Partial<TransmissionParameters> | undefined;
  /** Default: `rfc7252`, and `measured` once that was agreed on. */
  readonly congestion?: CongestionControl | undefined;
  /**
   * A round trip in milliseconds that was measured elsewhere, such as in the handshake; asked for until there is one, or an
   * own measurement. Default: none.
   */
  readonly roundTrip?: (() => number | undefined) | undefined;
  /**
   * Whether the blocks of RFC 9177 are for strangers, too: a client asks with them and goes on with those of RFC 7959 when the server
   * does not know them; a server takes them. Who agreed on them has them anyway. Default `rfc7959`.
   */
  readonly blockwise?: 'rfc7959' | 'rfc9177' | undefined;
  /** Length of the tokens of own requests. Default 4. */
  readonly tokenLength?: 1 | 2 | 3 | 4 | undefined;
  /** The longest body, either way. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** The options that the layer above understands. Default: coap-codec's registry. */
  readonly optionRegistry?: OptionRegistry | undefined;
  /** The longest token of the peer's that is accepted (RFC 8974); a message with a longer one is malformed. Default 8. */
  readonly maxTokenLength?: number | undefined;
  /** Makes it take requests. Without it a request is rejected. */
  readonly server?: ServerRoleOptions | undefined;
  /** Messages of the peer that are remembered at once, to recognise duplicates. Default 4096. */
  readonly maxDuplicates?: number | undefined;
}

export interface ServerRoleOptions {
  /** The key of what is kept for this peer in `shared`. */
  readonly session: object;
  readonly shared: SharedState;
  /** Default 200 ms. */
  readonly ackDelay?: number | undefined;
  /** Requests of the peer in progress at once; more are answered 5.03. Default 64. */
  readonly maxRequests?: number | undefined;
  /** Observations of the peer at once. Default 64. */
  readonly maxObservations?: number | undefined;
  /**
   * Whether the peer has shown that it receives at its address. Until then it is sent three times the bytes that came
   * from it at most, and is asked for proof (RFC 9175 section 2.4). Default: it has.
   */
  readonly validated?: (() => boolean) | undefined;
  /** Default: a 4.13 says nothing more. */
  readonly describeTooLarge?: DescribeTooLarge | undefined;
}
