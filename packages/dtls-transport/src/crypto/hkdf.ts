import { concatBytes } from '../wire/bytes.ts';
import type { CryptoProvider, HashName } from './provider.ts';

const HASH_LENGTH: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48 };

type Hmac = Pick<CryptoProvider, 'hmac'>;

/** HKDF-Extract (RFC 5869 2.2): the pseudorandom key, as long as the hash. */
export function hkdfExtract(crypto: Hmac, hash: HashName, salt: Uint8Array, inputKey: Uint8Array): Uint8Array {
  return crypto.hmac(hash, salt, inputKey); // an empty salt is a key of zeros: HMAC pads it so
}

/** HKDF-Expand (RFC 5869 2.3). Throws `RangeError` above 255 times the hash's length. */
export function hkdfExpand(
  crypto: Hmac,
  hash: HashName,
  pseudorandomKey: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const hashLength = HASH_LENGTH[hash];
  if (length > 255 * hashLength) throw new RangeError(`HKDF with ${hash} makes at most ${255 * hashLength} bytes`);
  // Most often one block is enough.
  if (length <= hashLength) {
    return crypto.hmac(hash, pseudorandomKey, concatBytes([info, Uint8Array.of(1)])).slice(0, length);
  }
  const out = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let at = 0, counter = 1; at < length; at += hashLength, counter++) {
    block = crypto.hmac(hash, pseudorandomKey, concatBytes([block, info, Uint8Array.of(counter)]));
    out.set(block.subarray(0, length - at), at);
  }
  return out;
}
