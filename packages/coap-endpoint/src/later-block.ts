import { findBlock } from '@lb-matrix/blockwise';
import { type CoapOption, OptionNumber } from '@lb-matrix/coap-codec';

/** Whether this is a message of a transfer that has begun: neither a whole body nor the first block of one. */
export function isLaterBlock(options: readonly CoapOption[]): boolean {
  const { Block1, Block2, QBlock1 } = OptionNumber;
  return isLater(options, Block1) || isLater(options, Block2) || isLater(options, QBlock1);
}

/** The same for one of the options. */
export function isLater(options: readonly CoapOption[], number: number): boolean {
  const block = findBlock(options, number);
  return block !== undefined && block !== 'invalid' && block.num > 0;
}
