import type { GroupName, SignatureScheme } from '../crypto/provider.ts';

/** RFC 5289 3.2: the one suite. RFC 7252 9 wants CCM-8, which existing MSC3079 clients do not offer with certificates. */
export const TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = 0xc02b;

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

/** RFC 5246 7.4.1.4.1: sha256 (4) and ecdsa (3). TLS 1.2 lets it stand for any curve; we take the meaning of RFC 8446 4.2.3. */
export const ECDSA_SECP256R1_SHA256 = 0x0403;
export const SIGNATURE_SCHEME: SignatureScheme = 'ecdsa_secp256r1_sha256';
