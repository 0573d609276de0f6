import './prepare.ts';

export {
  ClientEvent,
  createClient,
  Direction,
  EventStatus,
  type ICreateRoomOpts,
  KnownMembership,
  type MatrixClient,
  MatrixError,
  type MatrixEvent,
  Method,
  PendingEventOrdering,
  Preset,
  ReceiptType,
  type Room,
  SyncState,
  type Thread,
} from 'matrix-js-sdk';
export { SlidingSync } from 'matrix-js-sdk/lib/sliding-sync.js';
