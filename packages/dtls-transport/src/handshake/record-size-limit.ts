import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { MAX_PLAINTEXT } from '../wire/record.ts';

/** RFC 8449 4: no side may ask for less. */
export const MIN_RECORD_SIZE_LIMIT = 64;

/** The most plaintext in a protected record, each way. */
export interface RecordSizeLimits {
  readonly send: number;
  readonly receive: number;
}

/** What holds after a handshake. A peer that has not sent the extension knows no limit but that of RFC 5246 6.2.1. */
export function agreedLimits(ours: number | undefined, theirs: number | undefined): RecordSizeLimits {
  return { send: theirs ?? MAX_PLAINTEXT, receive: (theirs === undefined ? undefined : ours) ?? MAX_PLAINTEXT };
}

/**
 * The limit that a peer has set with record_size_limit (RFC 8449 4), `undefined` when it has not. Throws `DtlsPeerError`.
 */
export function peerRecordSizeLimit(extensions: Extensions): number | undefined {
  const bytes = extensions.get(EXTENSION.recordSizeLimit);
  if (bytes === undefined) return undefined;
  const limit = bytes.length === 2 ? (bytes[0]! << 8) | bytes[1]! : 0;
  if (limit < MIN_RECORD_SIZE_LIMIT) {
    throw new DtlsPeerError('bad-extension', ALERT.illegal_parameter, 'record_size_limit is less than 64');
  }
  // A client may name more for versions that we do not speak.
  return Math.min(limit, MAX_PLAINTEXT);
}

/** The extension's bytes. */
export function writeRecordSizeLimit(limit: number): Uint8Array {
  return Uint8Array.of(limit >> 8, limit);
}
