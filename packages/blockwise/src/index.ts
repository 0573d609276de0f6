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
export type { BlockCollector } from './q-block/block-collector.ts';
export { BlockSchedule, type Outcomes } from './q-block/block-schedule.ts';
export { decodeMissingBlocks, encodeMissingBlocks } from './q-block/missing-blocks.ts';
export type { QBlock1Receiver } from './q-block/q-block1-receiver.ts';
export { QBlock1Sender } from './q-block/q-block1-sender.ts';
export { type QBlock2Outcome, QBlock2Receiver } from './q-block/q-block2-receiver.ts';
export { QBlock2Sender } from './q-block/q-block2-sender.ts';
export { type BlockRequest, type Report, readBlockRequest, reportOptions, shortened } from './q-block/report.ts';
export type { Placement, ScatteredBody } from './q-block/scattered-body.ts';
export { type NonParameters, type NonTiming, nonTiming, promptTiming, type QBlockTiming } from './q-block/timing.ts';
export { isMissingBlocks, readUploadReport, uploadReport } from './q-block/upload-report.ts';
export { fits, fitsAtAll, largestSzx, type Room } from './room.ts';
export {
  type Arrival,
  type HeldSender,
  type QBlock1Arrival,
  type QBlock2Wish,
  ServerTransfers,
  type Ticket,
} from './server-transfers.ts';
