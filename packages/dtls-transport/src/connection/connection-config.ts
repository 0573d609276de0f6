import type { AeadName, CryptoProvider, GroupName } from '../crypto/provider.ts';
import type { Drops } from '../drops.ts';
import type { CipherSuite } from '../handshake/cipher-suites.ts';
import type { CipherSuite13 } from '../handshake/cipher-suites-13.ts';
import type { RandomBytes } from '../handshake/handshake.ts';
import { protectionOverhead } from '../record/record-protection.ts';
import { overhead13 } from '../record/write-epoch-13.ts';
import { MAX_PLAINTEXT, RECORD_HEADER_LENGTH } from '../wire/record.ts';
import type { ConnectionIdConfig } from './connection-ids.ts';

/** What a connection is given by the engine that owns it. */
export interface ConnectionConfig {
  readonly crypto: CryptoProvider;
  readonly randomBytes: RandomBytes;
  readonly groups: readonly GroupName[];
  /** At least one where a connection is made of it. */
  readonly cipherSuites: readonly CipherSuite[];
  readonly recordSizeLimit: number | undefined;
  readonly maxDatagram: number;
  /** Without it, connection ids are not used. */
  readonly connectionId?: ConnectionIdConfig | undefined;
  readonly handshakeTimeout: number;
  readonly retransmissionTimeout: number;
  readonly maxReassemblyBytes: number;
  readonly keyLog: ((line: string) => void) | undefined;
  readonly drops: Drops;
}

/** The same for DTLS 1.3. */
export interface Connection13Config extends Omit<ConnectionConfig, 'cipherSuites'> {
  /** At least one. */
  readonly cipherSuites: readonly CipherSuite13[];
}

/** Where a connection begins to count, when something without state has spoken for it before. */
export interface FirstNumbers {
  readonly recordSequence: number;
  readonly messageSeq: number;
}

/** The most data that a datagram carries with an AEAD. */
export function payloadWith(aead: AeadName, maxDatagram: number, idOverhead = 0): number {
  return Math.min(maxDatagram - RECORD_HEADER_LENGTH - protectionOverhead(aead) - idOverhead, MAX_PLAINTEXT);
}

/** The most data that a datagram of DTLS 1.3 carries with a connection id of so many bytes: all AEADs of its suites have one length of tag. */
export function payload13(maxDatagram: number, idLength: number): number {
  return Math.min(maxDatagram - overhead13(true, TAG_LENGTH_13) - idLength, MAX_PLAINTEXT);
}

const TAG_LENGTH_13 = 16;

/** What is left for the peer's connection id while we do not know it. */
export const USUAL_ID = 8;

/** The most data that a datagram carries whichever suite comes out. */
export function leastPayload({ cipherSuites, maxDatagram, connectionId }: ConnectionConfig): number {
  const left = connectionId === undefined ? 0 : USUAL_ID + 1;
  return Math.min(...cipherSuites.map(({ aead }) => payloadWith(aead, maxDatagram, left)));
}
