import { equalBytes } from '@noble/ciphers/utils.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha384 } from '@noble/hashes/sha2.js';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { RandomBytes } from '../handshake/handshake.ts';
import { nobleAead } from './aead.ts';
import { generateKeyAgreement } from './key-agreement.ts';
import { nobleRecordNumberMask } from './record-number-mask.ts';
import { importSigningKey, verifyCertificateSignature, verifySignature } from './signatures.ts';

const HASHES = { sha256, sha384 } as const;

/**
 * The cryptography of `@noble/*`: plain JavaScript for browsers, React Native and wherever else `node:crypto` is not. It has
 * no RSA, neither for handshakes nor in certificate chains. Randomness comes from `globalThis.crypto.getRandomValues`.
 */
export const nobleCrypto: CryptoProvider = createNobleCrypto((length) =>
  globalThis.crypto.getRandomValues(new Uint8Array(length)),
);

/** The provider with another source of randomness; keys are made of nothing else. */
export function createNobleCrypto(randomBytes: RandomBytes): CryptoProvider {
  return {
    aeads: ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305', 'aes-128-ccm', 'aes-128-ccm-8'],
    signatureSchemes: ['ecdsa_secp256r1_sha256', 'ed25519'],
    hash: (name, data) => HASHES[name](data),
    runningHash(name) {
      const running = HASHES[name].create();
      return { update: (data) => void running.update(data), digest: () => running.clone().digest() };
    },
    hmac: (name, key, data) => hmac(HASHES[name], key, data),
    aead: nobleAead,
    recordNumberMask: nobleRecordNumberMask,
    generateKeyAgreement: (group) => generateKeyAgreement(group, randomBytes),
    importSigningKey,
    verify: verifySignature,
    verifyCertificateSignature,
    timingSafeEqual: equalBytes,
  };
}
