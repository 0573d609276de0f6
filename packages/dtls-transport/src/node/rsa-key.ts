import type { KeyObject } from 'node:crypto';

const MIN_BITS = 2048;

/** CVE-2023-29409: a peer's key of 16,384 bits would cost us milliseconds to verify with. */
const MAX_BITS = 8192;

/** RSA (rsaEncryption) of a size that is neither too weak nor too slow. */
export function isUsableRsaKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const bits = asymmetricKeyType === 'rsa' ? (asymmetricKeyDetails?.modulusLength ?? 0) : 0;
  return bits >= MIN_BITS && bits <= MAX_BITS;
}
