export {
  type Block,
  blockOffset,
  blockOption,
  blockSize,
  decodeBlock,
  findBlock,
  MAX_BLOCK_NUMBER,
  MAX_SZX,
} from './block.ts';
export { cacheKey } from './cache-key.ts';
export { ClientTransfer, type ClientTransferOptions, type TransferStep } from './client-transfer.ts';
export { BlockwiseError, type BlockwiseErrorCode, type BlockwiseReason } from './errors.ts';
export { contentETag } from './etag.ts';
export type { ServerLimits } from './limits.ts';
export type { MessagePart } from './message-part.ts';
export { fits, largestSzx, type Room } from './room.ts';
export { type Arrival, ServerTransfers, type Ticket } from './server-transfers.ts';
