import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { AEAD_PARAMETERS, checkLength, NONCE_LENGTH } from '../crypto/aead-parameters.ts';
import type { Aead, AeadName } from '../crypto/provider.ts';
import { aesCcm } from './aes-ccm.ts';

/** One key, nonce and additional data; `decrypt` throws when the tag is wrong. */
export interface OneRecord {
  encrypt(plaintext: Uint8Array): Uint8Array;
  decrypt(sealed: Uint8Array): Uint8Array;
}

const CIPHERS: Readonly<Record<AeadName, (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array) => OneRecord>> = {
  'aes-128-gcm': gcm,
  'aes-256-gcm': gcm,
  'chacha20-poly1305': chacha20poly1305,
  'aes-128-ccm': (key, nonce, aad) => aesCcm(key, nonce, aad, 16),
  'aes-128-ccm-8': (key, nonce, aad) => aesCcm(key, nonce, aad, 8),
};

/** An AEAD key. noble's objects serve one record each, so the AES key is expanded again for every record. */
export function nobleAead(name: AeadName, key: Uint8Array): Aead {
  checkLength(name, 'key', key);
  const { tagLength } = AEAD_PARAMETERS[name];
  const cipher = CIPHERS[name];
  const ownKey = key.slice();
  return {
    tagLength,
    seal(nonce, aad, plaintext, out, offset) {
      checkLength(name, 'nonce', nonce);
      const sealed = cipher(ownKey, nonce, aad).encrypt(plaintext);
      out.set(sealed, offset);
      return sealed.length;
    },
    open(nonce, aad, sealed) {
      if (sealed.length < tagLength || nonce.length !== NONCE_LENGTH) return undefined;
      try {
        return cipher(ownKey, nonce, aad).decrypt(sealed);
      } catch {
        return undefined; // the tag is wrong
      }
    },
  };
}
