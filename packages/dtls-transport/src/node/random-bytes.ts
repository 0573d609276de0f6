import { randomBytes as nodeRandomBytes } from 'node:crypto';
import { plainBytes } from './bytes.ts';

/** Unpredictable bytes of the system. */
export function randomBytes(length: number): Uint8Array {
  return plainBytes(nodeRandomBytes(length));
}
