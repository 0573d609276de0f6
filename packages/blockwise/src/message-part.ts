import type { CoapOption } from '@lb-matrix/coap-codec';

/**
 * What block-wise transfer sees of a message: a code, options and a payload. Any CoAP library's messages have that;
 * Message ID, token and type stay with whoever sends.
 */
export interface MessagePart {
  readonly code: number;
  /** Any order. */
  readonly options: readonly CoapOption[];
  readonly payload: Uint8Array;
}
