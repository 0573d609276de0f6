import type { OptionRegistry } from '@lb-matrix/coap-codec';
import type { CoapRequest, CoapResponse } from './exchange.ts';
import type { Platform } from './platform.ts';
import type { EndpointStats } from './stats.ts';
import type { TransmissionParameters } from './transmission.ts';

/** How far a request is. Bytes of bodies, without headers. */
export interface Progress {
  /** Bytes of the request body that the server has. */
  readonly sent: number;
  /** Bytes of the response body that are here. */
  readonly received: number;
  /** The size of the response body, once the server has named it (Size2). */
  readonly total: number | undefined;
}

export interface RequestOptions {
  /** Gives the request up: `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each block that got through. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** The longest that the whole request may take, in milliseconds: `timed_out`, `deadline`. Default: no limit. */
  readonly timeout?: number | undefined;
}

export interface ConnectOptions {
  readonly platform: Platform;
  /** RFC 7252 section 4.8. */
  readonly transmission?: Partial<TransmissionParameters> | undefined;
  /** Length of tokens in bytes. Default 4; 2 is enough where the pipe authenticates (DTLS). */
  readonly tokenLength?: 2 | 3 | 4 | undefined;
  /** The longest body, either way. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** The options that the caller understands in responses. Default: coap-codec's registry. */
  readonly optionRegistry?: OptionRegistry | undefined;
}

/** A client on one pipe. */
export interface CoapClient {
  /**
   * Sends a request, in blocks where it does not fit one datagram, and resolves with the whole response, whatever its code.
   * Rejects with `EndpointError`.
   */
  request(request: CoapRequest, options?: RequestOptions): Promise<CoapResponse>;
  /** An Empty message that the peer resets (RFC 7252 section 4.3). Resolves with the round-trip time in milliseconds. */
  ping(options?: Pick<RequestOptions, 'signal' | 'timeout'>): Promise<number>;
  /** Ends the client and its pipe; requests that are still open reject with `closed`. */
  close(): void;
  stats(): EndpointStats;
}
