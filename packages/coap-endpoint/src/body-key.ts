import { cacheKey, findBlock, type MessagePart, type Ticket } from '@lb-matrix/blockwise';
import { OptionNumber } from '@lb-matrix/coap-codec';

/** What tells the requests for the blocks of a response after its first; `undefined` when there are none. */
export function bodyKey({ options }: MessagePart, { code, options: asked }: Ticket): string | undefined {
  const block = findBlock(options, OptionNumber.Block2);
  return block !== undefined && block !== 'invalid' && block.more ? cacheKey(code, asked) : undefined;
}
