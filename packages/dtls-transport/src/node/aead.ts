import { type CipherCCMTypes, createCipheriv, createDecipheriv } from 'node:crypto';
import { AEAD_PARAMETERS, checkLength, NONCE_LENGTH } from '../crypto/aead-parameters.ts';
import type { Aead, AeadName } from '../crypto/provider.ts';
import { plainBytes } from './bytes.ts';

const OPENSSL_NAME: Readonly<Record<AeadName, string>> = {
  'aes-128-gcm': 'aes-128-gcm',
  'aes-256-gcm': 'aes-256-gcm',
  'chacha20-poly1305': 'chacha20-poly1305',
  'aes-128-ccm': 'aes-128-ccm',
  'aes-128-ccm-8': 'aes-128-ccm',
};

/** An AEAD key of OpenSSL. A cipher object serves one record, `node:crypto` cannot reset it; a key object would be no faster than bytes. */
export function nodeAead(name: AeadName, key: Uint8Array): Aead {
  checkLength(name, 'key', key);
  const { tagLength } = AEAD_PARAMETERS[name];
  const ownKey = key.slice();
  // The types know one interface for each mode. We follow that of CCM, which wants the most; the other modes take the same.
  const cipherName = OPENSSL_NAME[name] as CipherCCMTypes;
  const options = { authTagLength: tagLength };
  return {
    tagLength,
    seal(nonce, aad, plaintext, out, offset) {
      checkLength(name, 'nonce', nonce);
      const cipher = createCipheriv(cipherName, ownKey, nonce, options);
      // CCM authenticates the length before the data (RFC 3610 2.2), so it must be known first.
      cipher.setAAD(aad, { plaintextLength: plaintext.length });
      out.set(cipher.update(plaintext), offset);
      cipher.final(); // none of these modes holds bytes back
      out.set(cipher.getAuthTag(), offset + plaintext.length);
      return plaintext.length + tagLength;
    },
    open(nonce, aad, sealed) {
      const length = sealed.length - tagLength;
      if (length < 0 || nonce.length !== NONCE_LENGTH) return undefined;
      try {
        const decipher = createDecipheriv(cipherName, ownKey, nonce, options);
        decipher.setAuthTag(sealed.subarray(length));
        decipher.setAAD(aad, { plaintextLength: length });
        const plaintext = decipher.update(sealed.subarray(0, length));
        decipher.final();
        return plainBytes(plaintext);
      } catch {
        return undefined; // the tag is wrong
      }
    },
  };
}
