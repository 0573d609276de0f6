import type { CoapOption } from '@lb-matrix/coap-codec';
import type { Agreement } from './agreement.ts';
import type { Observation } from './observation.ts';
import type { DatagramPipe } from './pipe.ts';

/** A request as the caller gives it, with the whole body. Message ID, token and Block options are the endpoint's. */
export interface CoapRequest {
  /** A method code: `Code.GET`, ... */
  readonly code: number;
  /** Any order. No Block1 or Size1; a Block2 with NUM 0 states the wished block size (RFC 7959 section 2.4). */
  readonly options: readonly CoapOption[];
  /** The whole body, of any size up to `maxBodyBytes`. */
  readonly payload?: Uint8Array | undefined;
  /** Sent reliably (CON). Default true. */
  readonly confirmable?: boolean | undefined;
}

/** How a client observes. */
export interface ObserveMode {
  /**
   * A Confirmable notification is acknowledged when the next one is asked for: what the application had not finished
   * with when it stopped is sent again, or counts as lost at the server. Default: acknowledged on arrival.
   */
  readonly acknowledgeConsumed?: boolean | undefined;
  /**
   * Registers again 5 to 15 s after Max-Age is over without a notification (RFC 7641 section 3.3.1). Default true.
   */
  readonly reregister?: boolean | undefined;
  /**
   * The end is not told to the server, which learns of it by the Reset to its next notification. Default: a request
   * with Observe 1 (RFC 7641 section 3.6).
   */
  readonly forget?: boolean | undefined;
}

/** A response with the whole body. */
export interface CoapResponse {
  /** A response code: `Code.Content`, ... Codes 4.xx and 5.xx are answers like any other. */
  readonly code: number;
  readonly options: readonly CoapOption[];
  readonly payload: Uint8Array;
}

/** A request that a server's handler is called with, once, when its whole body is there. */
export interface IncomingRequest {
  readonly code: number;
  /** As they arrived, without Block1, Block2, Size1 and Size2. Every critical one is known (RFC 7252 section 5.4.1). */
  readonly options: readonly CoapOption[];
  /** The whole body; its bytes are the handler's. */
  readonly payload: Uint8Array;
  /** The session the request came on: the pipe itself, to be used as the key of whatever is kept for the session. */
  readonly session: object;
  /** The address now, for logs and forwarding. Never a key: addresses change and are reused. */
  readonly peer: DatagramPipe['peer'];
  /** Aborted when the session ends or the client resets the exchange: the answer is no longer wanted. */
  readonly signal: AbortSignal;
  /**
   * Says "received" at once (an empty ACK), for an answer that will take long. Otherwise that happens after `ackDelay`.
   */
  acknowledge(): void;
  /**
   * Accepts the client's wish to be told of changes, before the request is answered with the present state: a response
   * of class 2 then says so. `undefined` when the client has no such wish, or no more observations are accepted: the
   * request is an ordinary one then (RFC 7641 section 4.1).
   */
  observe(): Observation | undefined;
  /**
   * Says what the client is known to understand: it holds for what its session begins afterwards, this answer included, and
   * until the session ends. What was agreed on before stays.
   */
  agree(agreement: Agreement): void;
}

/** Answers requests. What it throws becomes a 5.00 without details (and goes to `onError`). */
export type Handler = (request: IncomingRequest) => CoapResponse | Promise<CoapResponse>;

/**
 * What a 4.13 carries besides its code and Size1: an error in the application's own format, small enough for one
 * datagram.
 */
export type DescribeTooLarge = (
  request: Pick<IncomingRequest, 'code' | 'options' | 'session'>,
) => Pick<CoapResponse, 'options' | 'payload'>;
