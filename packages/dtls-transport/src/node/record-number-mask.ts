import { createCipheriv, createSecretKey } from 'node:crypto';
import type { AeadName } from '../crypto/provider.ts';
import { checkMaskKey, checkSample, type RecordNumberMask, SAMPLE_LENGTH } from '../crypto/record-number-mask.ts';
import { plainBytes } from './bytes.ts';

const ZEROS = new Uint8Array(SAMPLE_LENGTH);

/** RFC 9147 4.2.3 on OpenSSL. In ECB no block depends on the one before it, so one cipher object serves all records. */
export function nodeRecordNumberMask(name: AeadName, key: Uint8Array): RecordNumberMask {
  checkMaskKey(name, key);
  if (name === 'chacha20-poly1305') {
    const keyObject = createSecretKey(key);
    return (sample) => {
      checkSample(sample);
      // OpenSSL's IV is the block counter and the nonce, as they stand in the sample.
      return plainBytes(createCipheriv('chacha20', keyObject, sample).update(ZEROS));
    };
  }
  const cipher = createCipheriv(key.length === 32 ? 'aes-256-ecb' : 'aes-128-ecb', key, null);
  return (sample) => {
    checkSample(sample);
    return plainBytes(cipher.update(sample));
  };
}
