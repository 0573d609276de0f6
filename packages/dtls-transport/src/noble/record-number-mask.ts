import { ecb } from '@noble/ciphers/aes.js';
import { chacha20 } from '@noble/ciphers/chacha.js';
import type { AeadName } from '../crypto/provider.ts';
import { checkMaskKey, checkSample, type RecordNumberMask, SAMPLE_LENGTH } from '../crypto/record-number-mask.ts';

const ZEROS = new Uint8Array(SAMPLE_LENGTH);

/** noble refuses to count from here, as the counter would wrap. */
const MAX_COUNTER = 2 ** 32 - 1;

/** RFC 9147 4.2.3 on `@noble/ciphers`, whose objects serve one block each. */
export function nobleRecordNumberMask(name: AeadName, key: Uint8Array): RecordNumberMask {
  checkMaskKey(name, key);
  const ownKey = key.slice();
  if (name === 'chacha20-poly1305') {
    return (sample) => {
      checkSample(sample);
      const counter = new DataView(sample.buffer, sample.byteOffset, sample.length).getUint32(0, true);
      // One record in 2^32 gets a mask that the peer does not know: it is lost, as records may be.
      if (counter >= MAX_COUNTER) return ZEROS;
      return chacha20(ownKey, sample.slice(4), ZEROS, undefined, counter);
    };
  }
  return (sample) => {
    checkSample(sample);
    return ecb(ownKey, { disablePadding: true }).encrypt(sample);
  };
}
