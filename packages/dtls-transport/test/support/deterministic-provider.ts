import { sha256 } from '@noble/hashes/sha2.js';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { createNobleCrypto } from '../../src/noble/crypto-provider.ts';

/**
 * The provider on `@noble/*` with keys that come from `seed`; its ECDSA signatures are those of RFC 6979 anyway. The same
 * calls in the same order make the same bytes, so that lengths on the wire can be asserted exactly.
 */
export function deterministicCrypto(seed: string | number): CryptoProvider {
  return createNobleCrypto(seededBytes(`${seed}`));
}

/** SHA-256 over the seed and a counter: bytes that look random and repeat. */
export function seededBytes(seed: string): (length: number) => Uint8Array {
  let counter = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      const block = sha256(new TextEncoder().encode(`${seed}:${counter++}`));
      out.set(block.subarray(0, Math.min(32, length - at)), at);
    }
    return out;
  };
}
