import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import type { Aead } from '../crypto/provider.ts';
import { plainBytes } from './bytes.ts';

const TAG_LENGTH = 16;
const NONCE_LENGTH = 12;
const CIPHER = 'aes-128-gcm';
const OPTIONS = { authTagLength: TAG_LENGTH } as const;

/** AES-128-GCM with a 96-bit nonce and a 128-bit tag (RFC 5116 5.1). The key object is made once. */
export function aes128Gcm(key: Uint8Array): Aead {
  if (key.length !== 16) throw new RangeError(`aes-128-gcm takes a key of 16 bytes, not ${key.length}`);
  const keyObject = createSecretKey(key);
  return {
    tagLength: TAG_LENGTH,
    seal(nonce, aad, plaintext, out, offset) {
      if (nonce.length !== NONCE_LENGTH)
        throw new RangeError(`aes-128-gcm takes a nonce of 12 bytes, not ${nonce.length}`);
      const cipher = createCipheriv(CIPHER, keyObject, nonce, OPTIONS);
      cipher.setAAD(aad);
      out.set(cipher.update(plaintext), offset);
      cipher.final(); // GCM holds nothing back
      out.set(cipher.getAuthTag(), offset + plaintext.length);
      return plaintext.length + TAG_LENGTH;
    },
    open(nonce, aad, sealed) {
      const length = sealed.length - TAG_LENGTH;
      if (length < 0 || nonce.length !== NONCE_LENGTH) return undefined;
      const decipher = createDecipheriv(CIPHER, keyObject, nonce, OPTIONS);
      decipher.setAAD(aad);
      decipher.setAuthTag(sealed.subarray(length));
      const plaintext = decipher.update(sealed.subarray(0, length));
      try {
        decipher.final();
      } catch {
        return undefined;
      }
      return plainBytes(plaintext);
    },
  };
}
