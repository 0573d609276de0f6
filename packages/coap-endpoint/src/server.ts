import type { OptionRegistry } from '@lb-matrix/coap-codec';
import type { Handler } from './exchange.ts';
import type { Platform } from './platform.ts';
import type { EndpointStats } from './stats.ts';
import type { TransmissionParameters } from './transmission.ts';

export interface ServerOptions {
  readonly platform: Platform;
  readonly handler: Handler;
  /** Told what a handler threw; the client gets 5.00 without details. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** RFC 7252 section 4.8. */
  readonly transmission?: Partial<TransmissionParameters> | undefined;
  /** How long a handler may take until the request is acknowledged without an answer, in milliseconds. Default 200. */
  readonly ackDelay?: number | undefined;
  /** The options that the handler understands in requests. Default: coap-codec's registry. */
  readonly optionRegistry?: OptionRegistry | undefined;
  /** The longest request body. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
}

/** A server on any number of pipes. */
export interface CoapServer {
  /**
   * Ends the server, its pipes and its listener. With `graceful`, requests in progress get that many milliseconds to finish; new
   * ones are answered 5.03. Default 0.
   */
  close(options?: { readonly graceful?: number | undefined }): Promise<void>;
  /** Sums over all pipes, closed ones included, and how many are open. */
  stats(): EndpointStats & { readonly sessions: number };
}
