import { type CoapMessage, OptionNumber } from '@lb-matrix/coap-codec';

/** Whether a message carries an option of RFC 9177. */
export function inQBlocks({ options }: CoapMessage): boolean {
  for (const { number } of options) {
    if (number === OptionNumber.QBlock1 || number === OptionNumber.QBlock2) return true;
  }
  return false;
}
