import type { JsonObject } from '../json.ts';

/** How far somebody has read. */
export interface Receipt {
  readonly eventId: string;
  readonly userId: string;
  readonly type: ReceiptType;
  /** Milliseconds since the epoch. */
  readonly ts: number;
  readonly threadId: string | undefined;
  /** Stream position. */
  readonly position: number;
}

/** Receipts that others see, and those that they do not. */
export type ReceiptType = 'm.read' | 'm.read.private';

/** The latest receipts of a room, one for each user, type and thread. */
export type Receipts = Map<string, Receipt>;

/** Sets a receipt in place of an earlier one of the same user, type and thread. */
export function setReceipt(receipts: Receipts, receipt: Receipt): void {
  receipts.set(JSON.stringify([receipt.userId, receipt.type, receipt.threadId]), receipt);
}

/** Content of an `m.receipt` event with all receipts after a stream position that a user may see; `undefined` when there are none. */
export function receiptContent(receipts: Receipts, userId: string, since: number): JsonObject | undefined {
  const content: Record<string, Record<string, Record<string, JsonObject>>> = {};
  for (const receipt of receipts.values()) {
    if (receipt.position <= since) continue;
    if (receipt.type === 'm.read.private' && receipt.userId !== userId) continue;
    content[receipt.eventId] ??= {};
    const ofEvent = content[receipt.eventId]!;
    ofEvent[receipt.type] ??= {};
    ofEvent[receipt.type]![receipt.userId] = {
      ts: receipt.ts,
      ...(receipt.threadId === undefined ? {} : { thread_id: receipt.threadId }),
    };
  }
  return Object.keys(content).length === 0 ? undefined : content;
}
