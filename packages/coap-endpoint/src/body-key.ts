import { cacheKey, findBlock, type MessagePart, type Ticket } from '@lb-matrix/blockwise';
import { findOption, OptionNumber } from '@lb-matrix/coap-codec';

/** What tells the requests for the blocks of a response after its first; `undefined` when there are none. */
export function bodyKey(
  { options }: MessagePart,
  { code, options: asked }: Ticket,
  token: Uint8Array,
): string | undefined {
  if (findOption(options, OptionNumber.QBlock2) !== undefined) return qBodyKey(token);
  const block = findBlock(options, OptionNumber.Block2);
  return block !== undefined && block !== 'invalid' && block.more ? cacheKey(code, asked) : undefined;
}

/** The same for the blocks of RFC 9177 to the request with this token. */
export function qBodyKey(token: Uint8Array): string {
  return `q${token}`;
}
