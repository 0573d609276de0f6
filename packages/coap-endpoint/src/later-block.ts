import { findBlock } from '@lb-matrix/blockwise';
import { type CoapOption, OptionNumber } from '@lb-matrix/coap-codec';

/** Whether this is a message of a transfer that has begun: neither a whole body nor the first block of one. */
export function isLaterBlock(options: readonly CoapOption[]): boolean {
  return isLater(options, OptionNumber.Block1) || isLater(options, OptionNumber.Block2);
}

/** The same for one of the two options. */
export function isLater(options: readonly CoapOption[], number: number): boolean {
  const block = findBlock(options, number);
  return block !== undefined && block !== 'invalid' && block.num > 0;
}
