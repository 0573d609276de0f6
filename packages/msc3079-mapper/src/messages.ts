import type { CoapOption } from '@lb-matrix/coap-codec';

/** A CoAP request or response without what the transport adds (type, Message ID, token, blocks). */
export interface CoapParts {
  readonly code: number;
  /** Ascending by number when they come from a decoder; in that order when they come from here. */
  readonly options: readonly CoapOption[];
  /** The whole body, empty when there is none. */
  readonly payload: Uint8Array;
}

/** Header fields in order; names in any case on the way in, in lower case on the way out. */
export type HttpHeaders = readonly (readonly [name: string, value: string])[];

export interface HttpRequest {
  /** `GET`, `POST`, `PUT` or `DELETE`. */
  readonly method: string;
  /** Path and query as they stand in a request line: percent-encoded, starting with `/`. */
  readonly target: string;
  readonly headers: HttpHeaders;
  readonly body?: Uint8Array;
}

export interface HttpResponse {
  /** 200-599. */
  readonly status: number;
  readonly headers: HttpHeaders;
  /** Empty when there is none. */
  readonly body: Uint8Array;
}

/** The value of the first header of this name (given in lower case). */
export function header(headers: HttpHeaders, name: string): string | undefined {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1];
}
