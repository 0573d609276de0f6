import type { CoapParts } from '@lb-matrix/msc3079-mapper';

/** What comes of one CoAP request. */
export interface Answer {
  readonly coap: CoapParts;
  /** As HTTP has it, for the log. */
  readonly status: number;
  readonly error?: unknown;
}
