import { type CoapOption, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import type { CoapResponse } from '@lb-matrix/coap-endpoint';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const NONE: Uint8Array = new Uint8Array();
export const TEXT: CoapOption = uintOption(OptionNumber.ContentFormat, 0);
export const OCTETS: CoapOption = uintOption(OptionNumber.ContentFormat, 42);

/** A response; a payload without options is text. */
export const reply = (code: number, payload: Uint8Array = NONE, ...options: CoapOption[]): CoapResponse => ({
  code,
  options: payload.length > 0 && options.length === 0 ? [TEXT] : options,
  payload,
});
