import { createPrivateKey } from 'node:crypto';
import { gcm } from '@noble/ciphers/aes.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type {
  Aead,
  CertificateSignatureScheme,
  CryptoProvider,
  GroupName,
  HashName,
  KeyAgreement,
  SigningKey,
} from '../../src/crypto/provider.ts';
import { curvePointOfSpki } from '../../src/crypto/spki.ts';

const HASHES = { sha256, sha384 } as const;
const CURVES = { secp256r1: p256, secp384r1: p384, secp521r1: p521 } as const;
const ECDSA_HASHES = { ecdsa_sha256: sha256, ecdsa_sha384: sha384, ecdsa_sha512: sha512 } as const;

/** DER of RFC 5480 2 (P-256) and RFC 8410 4 (Ed25519) before the raw key. */
const P256_SPKI_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * A provider on `@noble/*` whose keys come from `seed` and whose ECDSA signatures are those of RFC 6979: the same calls
 * in the same order make the same bytes, so that lengths on the wire can be asserted exactly. RSA does not verify.
 */
export function deterministicCrypto(seed: string | number): CryptoProvider {
  const random = seededBytes(`${seed}`);
  return {
    hash: (name, data) => HASHES[name](data),
    runningHash,
    hmac: (name, key, data) => hmac(HASHES[name], key, data),
    aead: (_name, key) => nobleAesGcm(key),
    generateKeyAgreement: (group) => nobleKeyAgreement(group, seededSecret(group, random)),
    importSigningKey: (pkcs8) => nobleSigningKey(p256SecretOf(pkcs8)),
    verify: (_scheme, spki, data, signature) =>
      curvePointOfSpki(spki)?.curve === 'secp256r1' &&
      verifyCertificateSignature('ecdsa_sha256', spki, data, signature),
    verifyCertificateSignature,
    timingSafeEqual: (a, b) => a.length === b.length && a.every((byte, index) => byte === b[index]),
  };
}

/** SHA-256 over the seed and a counter: bytes that look random and repeat. */
export function seededBytes(seed: string): (length: number) => Uint8Array {
  let counter = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      const block = sha256(new TextEncoder().encode(`${seed}:${counter++}`));
      out.set(block.subarray(0, Math.min(32, length - at)), at);
    }
    return out;
  };
}

/** Key agreement with a given private key. */
export function nobleKeyAgreement(group: GroupName, secret: Uint8Array): KeyAgreement {
  if (group === 'x25519') {
    return {
      group,
      publicKey: x25519.getPublicKey(secret),
      agree: (peer) => (peer.length === 32 ? unlessThrown(() => x25519.getSharedSecret(secret, peer)) : undefined),
    };
  }
  return {
    group,
    publicKey: p256.getPublicKey(secret, false),
    agree: (peer) =>
      peer.length === 65 && peer[0] === 0x04
        ? unlessThrown(() => p256.getSharedSecret(secret, peer).slice(1)) // its x coordinate
        : undefined,
  };
}

/** A P-256 signing key from its 32-byte secret. */
export function nobleSigningKey(secret: Uint8Array): SigningKey {
  return {
    schemes: ['ecdsa_secp256r1_sha256'],
    spki: new Uint8Array([...P256_SPKI_PREFIX, ...p256.getPublicKey(secret, false)]),
    sign: (_scheme, data) => p256.sign(data, secret, { format: 'der', lowS: false }),
  };
}

function seededSecret(group: GroupName, random: (length: number) => Uint8Array): Uint8Array {
  return group === 'x25519' ? random(32) : p256.utils.randomSecretKey(random(48));
}

function p256SecretOf(pkcs8: Uint8Array): Uint8Array {
  const { crv, d } = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }).export({
    format: 'jwk',
  });
  if (crv !== 'P-256' || d === undefined) throw new TypeError('only P-256 keys sign here');
  return new Uint8Array(Buffer.from(d, 'base64url'));
}

function runningHash(name: HashName): ReturnType<CryptoProvider['runningHash']> {
  const running = HASHES[name].create();
  return { update: (data) => void running.update(data), digest: () => running.clone().digest() };
}

function nobleAesGcm(key: Uint8Array): Aead {
  return {
    tagLength: 16,
    seal(nonce, aad, plaintext, out, offset) {
      const sealed = gcm(key, nonce, aad).encrypt(plaintext);
      out.set(sealed, offset);
      return sealed.length;
    },
    open: (nonce, aad, sealed) => unlessThrown(() => gcm(key, nonce, aad).decrypt(sealed)),
  };
}

function verifyCertificateSignature(
  scheme: CertificateSignatureScheme,
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (scheme === 'ed25519') {
    if (spki.length !== 44 || !ED25519_SPKI_PREFIX.every((byte, index) => spki[index] === byte)) return false;
    return unlessThrown(() => ed25519.verify(signature, data, spki.subarray(12))) ?? false;
  }
  const point = curvePointOfSpki(spki);
  if (point === undefined || !isEcdsa(scheme)) return false;
  const publicKey = new Uint8Array([0x04, ...point.x, ...point.y]);
  const digest = ECDSA_HASHES[scheme](data);
  const options = { prehash: false, format: 'der', lowS: false } as const;
  return unlessThrown(() => CURVES[point.curve].verify(signature, digest, publicKey, options)) ?? false;
}

function isEcdsa(scheme: CertificateSignatureScheme): scheme is keyof typeof ECDSA_HASHES {
  return scheme in ECDSA_HASHES;
}

function unlessThrown<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch {
    return undefined;
  }
}
