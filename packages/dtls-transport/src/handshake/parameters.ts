import type { GroupName } from '../crypto/provider.ts';

/** RFC 5746 3.3: says the same as an empty renegotiation_info, in 2 bytes. */
export const TLS_EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff;

export const NULL_COMPRESSION = 0;

/** RFC 8422 5.1.2. */
export const UNCOMPRESSED_POINT = 0;

/** RFC 8422 5.1.1. */
export const GROUP_NUMBERS: Readonly<Record<GroupName, number>> = { x25519: 29, secp256r1: 23 };

/** The group with this number, if it is one of these. */
export function groupNumbered(number: number, groups: readonly GroupName[]): GroupName | undefined {
  return groups.find((group) => GROUP_NUMBERS[group] === number);
}
