import { seeded } from '@lb-matrix/virtual-network';

/** Bytes that do not compress. */
export function randomBody(length: number, seed: number): Uint8Array {
  const random = seeded(seed);
  return Uint8Array.from({ length }, () => random() * 256);
}
