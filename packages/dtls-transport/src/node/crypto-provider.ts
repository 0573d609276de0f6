import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { CryptoProvider } from '../crypto/provider.ts';
import { aes128Gcm } from './aes-gcm.ts';
import { plainBytes } from './bytes.ts';
import { generateKeyAgreement } from './key-agreement.ts';
import { importSigningKey, verifyCertificateSignature, verifySignature } from './signatures.ts';

/** The cryptography of `node:crypto` (OpenSSL): what the drivers of `/node` use unless told otherwise. */
export const nodeCrypto: CryptoProvider = {
  hash: (name, data) => plainBytes(hash(name, data, 'buffer')),
  runningHash(name) {
    const running = createHash(name);
    return {
      update: (data) => void running.update(data),
      digest: () => plainBytes(running.copy().digest()),
    };
  },
  hmac: (name, key, data) => plainBytes(createHmac(name, key).update(data).digest()),
  aead: (_name, key) => aes128Gcm(key),
  generateKeyAgreement,
  importSigningKey,
  verify: verifySignature,
  verifyCertificateSignature,
  timingSafeEqual: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

export { generateSigningKey } from './signatures.ts';
