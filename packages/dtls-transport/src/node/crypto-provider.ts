import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { CryptoProvider } from '../crypto/provider.ts';
import { nodeAead } from './aead.ts';
import { plainBytes } from './bytes.ts';
import { generateKeyAgreement } from './key-agreement.ts';
import { nodeRecordNumberMask } from './record-number-mask.ts';
import { verifyCertificateSignature, verifySignature } from './signatures.ts';
import { importSigningKey } from './signing-key.ts';

/** The cryptography of `node:crypto` (OpenSSL): what the drivers of `/node` use unless told otherwise. */
export const nodeCrypto: CryptoProvider = {
  aeads: ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305', 'aes-128-ccm', 'aes-128-ccm-8'],
  signatureSchemes: ['ecdsa_secp256r1_sha256', 'ed25519', 'rsa_pss_rsae_sha256', 'rsa_pkcs1_sha256'],
  hash: (name, data) => plainBytes(hash(name, data, 'buffer')),
  runningHash(name) {
    const running = createHash(name);
    return {
      update: (data) => void running.update(data),
      digest: () => plainBytes(running.copy().digest()),
    };
  },
  hmac: (name, key, data) => plainBytes(createHmac(name, key).update(data).digest()),
  aead: nodeAead,
  recordNumberMask: nodeRecordNumberMask,
  generateKeyAgreement,
  importSigningKey,
  verify: verifySignature,
  verifyCertificateSignature,
  timingSafeEqual: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

export { generateSigningKey } from './signing-key.ts';
