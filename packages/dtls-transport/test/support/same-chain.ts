import { sameBytes } from '../../src/wire/bytes.ts';

/** The same certificates in the same order, byte for byte. */
export function sameChain(chain: readonly Uint8Array[], expected: readonly Uint8Array[]): boolean {
  return chain.length === expected.length && chain.every((der, at) => sameBytes(der, expected[at]!));
}
