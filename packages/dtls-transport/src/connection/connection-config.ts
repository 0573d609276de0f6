import type { CryptoProvider, GroupName } from '../crypto/provider.ts';
import type { Drops } from '../drops.ts';
import type { RandomBytes } from '../handshake/handshake.ts';
import { GCM_OVERHEAD } from '../record/record-protection.ts';
import { MAX_PLAINTEXT, RECORD_HEADER_LENGTH } from '../wire/record.ts';

/** What a connection is given by the engine that owns it. */
export interface ConnectionConfig {
  readonly crypto: CryptoProvider;
  readonly randomBytes: RandomBytes;
  readonly groups: readonly GroupName[];
  readonly maxDatagram: number;
  readonly handshakeTimeout: number;
  readonly maxReassemblyBytes: number;
  readonly keyLog: ((line: string) => void) | undefined;
  readonly drops: Drops;
}

/** Where a connection begins to count, when something without state has spoken for it before. */
export interface FirstNumbers {
  readonly recordSequence: number;
  readonly messageSeq: number;
}

/** The most data that a datagram of `maxDatagram` bytes carries. */
export function maxPayload(maxDatagram: number): number {
  return Math.min(maxDatagram - RECORD_HEADER_LENGTH - GCM_OVERHEAD, MAX_PLAINTEXT);
}
