import { CONTENT_TYPE, RECORD_HEADER_LENGTH } from './record.ts';
import { hasConnectionId } from './unified-header.ts';

/** Where an id stands in a record of DTLS 1.3, behind the flags (RFC 9147 4), and of 1.2, behind the number (RFC 9146 4). */
const AT_13 = 1;
const AT_12 = RECORD_HEADER_LENGTH - 2;

/**
 * The connection id of the first record of a datagram, when our ids have `length` bytes; `undefined` when it has none. Whose it
 * is, and whether the rest can be read, shows later. Never throws.
 */
export function datagramId(datagram: Uint8Array, length: number): Uint8Array | undefined {
  const first = datagram[0];
  if (length === 0 || first === undefined) return undefined;
  const isTls12 = first === CONTENT_TYPE.tls12Cid;
  if (!isTls12 && !hasConnectionId(first)) return undefined;
  const at = isTls12 ? AT_12 : AT_13;
  return at + length > datagram.length ? undefined : datagram.subarray(at, at + length);
}
