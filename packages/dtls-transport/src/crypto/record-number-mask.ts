import { AEAD_PARAMETERS } from './aead-parameters.ts';
import type { AeadName } from './provider.ts';

/**
 * The mask of record numbers under one key (RFC 9147 4.2.3): takes the first 16 bytes of a ciphertext and gives at least 2
 * bytes of mask. Throws `RangeError` for a sample of another length.
 */
export type RecordNumberMask = (sample: Uint8Array) => Uint8Array;

/** Bytes of ciphertext that a mask is made of. */
export const SAMPLE_LENGTH = 16;

/** Key and sample come from the record layer, so a wrong length is a mistake of the caller. Throws `RangeError`. */
export function checkMaskKey(name: AeadName, key: Uint8Array): void {
  const { keyLength } = AEAD_PARAMETERS[name];
  if (key.length !== keyLength)
    throw new RangeError(`${name} takes a mask key of ${keyLength} bytes, not ${key.length}`);
}

/** Throws `RangeError`. */
export function checkSample(sample: Uint8Array): void {
  if (sample.length !== SAMPLE_LENGTH)
    throw new RangeError(`a sample has ${SAMPLE_LENGTH} bytes, not ${sample.length}`);
}
