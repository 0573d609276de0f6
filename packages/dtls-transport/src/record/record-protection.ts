import { AEAD_PARAMETERS } from '../crypto/aead-parameters.ts';
import type { Aead } from '../crypto/provider.ts';
import { DTLS_1_2, RECORD_HEADER_LENGTH, writeEpochAndSequence } from '../wire/record.ts';

/** Seals and opens the fragments of one epoch and direction. */
export interface RecordProtection {
  /** Bytes that a sealed fragment is longer than its plaintext. */
  readonly overhead: number;
  /** Records that may be sealed. */
  readonly maxSealed: number;
  /** Records that may fail to open. */
  readonly maxForgeries: number;
  /** Writes the sealed fragment to `out` at `at`; returns its length. */
  seal(type: number, epoch: number, sequence: number, plaintext: Uint8Array, out: Uint8Array, at: number): number;
  /** The plaintext, or `undefined` when the fragment does not authenticate. Never throws. */
  open(type: number, epoch: number, sequence: number, fragment: Uint8Array): Uint8Array | undefined;
}

const SALT_LENGTH = 4;
const EXPLICIT_LENGTH = 8;

const { tagLength, maxSealed, maxForgeries } = AEAD_PARAMETERS['aes-128-gcm'];

/** What GCM adds to a fragment: the explicit nonce and the tag. */
export const GCM_OVERHEAD: number = EXPLICIT_LENGTH + tagLength;

/**
 * GCM as RFC 5288 3 has it for TLS 1.2: the nonce is a salt from the key block and 8 bytes that travel with the record.
 * Ours are epoch and sequence number, which the record layer never repeats; of the peer we take what stands there.
 */
export function gcmProtection(aead: Aead, salt: Uint8Array): RecordProtection {
  const nonce = new Uint8Array(SALT_LENGTH + EXPLICIT_LENGTH);
  nonce.set(salt);
  const additionalData = new Uint8Array(RECORD_HEADER_LENGTH);

  /** RFC 5246 6.2.3.3: seq_num, type, version and the length of the plaintext. */
  function setAdditionalData(type: number, epoch: number, sequence: number, length: number): void {
    writeEpochAndSequence(additionalData, 0, epoch, sequence);
    additionalData[8] = type;
    additionalData[9] = DTLS_1_2 >> 8;
    additionalData[10] = DTLS_1_2 & 0xff;
    additionalData[11] = length >> 8;
    additionalData[12] = length;
  }

  return {
    overhead: GCM_OVERHEAD,
    maxSealed,
    maxForgeries,
    seal(type, epoch, sequence, plaintext, out, at) {
      setAdditionalData(type, epoch, sequence, plaintext.length);
      writeEpochAndSequence(nonce, SALT_LENGTH, epoch, sequence);
      out.set(nonce.subarray(SALT_LENGTH), at);
      return EXPLICIT_LENGTH + aead.seal(nonce, additionalData, plaintext, out, at + EXPLICIT_LENGTH);
    },
    open(type, epoch, sequence, fragment) {
      const length = fragment.length - GCM_OVERHEAD;
      if (length < 0) return undefined;
      setAdditionalData(type, epoch, sequence, length);
      nonce.set(fragment.subarray(0, EXPLICIT_LENGTH), SALT_LENGTH);
      return aead.open(nonce, additionalData, fragment.subarray(EXPLICIT_LENGTH));
    },
  };
}
