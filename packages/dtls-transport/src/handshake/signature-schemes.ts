import type { SignatureScheme } from '../crypto/provider.ts';

/**
 * RFC 8446 4.2.3. RFC 5246 7.4.1.4.1 reads 0x0403 and 0x0401 as a pair of hash and algorithm, and lets ECDSA stand for any
 * curve; we take the narrower meaning.
 */
export const SCHEME_NUMBERS: Readonly<Record<SignatureScheme, number>> = {
  ecdsa_secp256r1_sha256: 0x0403,
  ed25519: 0x0807,
  rsa_pss_rsae_sha256: 0x0804,
  rsa_pkcs1_sha256: 0x0401,
};

/** The scheme with this number, if it is one of these. */
export function schemeNumbered(number: number, schemes: readonly SignatureScheme[]): SignatureScheme | undefined {
  return schemes.find((scheme) => SCHEME_NUMBERS[scheme] === number);
}
