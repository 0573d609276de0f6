export { seeded, seededBytes } from '@lb-matrix/virtual-network';

/** All zero: the first Message ID is 0, tokens count from 1, and each wait is the shortest. */
export function zeroBytes(length: number): Uint8Array {
  return new Uint8Array(length);
}
