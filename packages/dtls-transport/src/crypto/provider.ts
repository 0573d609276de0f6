/**
 * The cryptography that the DTLS engines need, injected so that they run on `node:crypto`, on `@noble/*`, or on a
 * deterministic provider in tests. All calls are synchronous; all bytes are `Uint8Array`.
 */

import type { RecordNumberMask } from './record-number-mask.ts';

/** A hash function of a cipher suite. */
export type HashName = 'sha256' | 'sha384';

/** Named groups of key agreement, by their IANA names (RFC 8422 5.1.1). */
export type GroupName = 'x25519' | 'secp256r1';

/**
 * AEAD algorithms: GCM (RFC 5116 5.1, 5.2), ChaCha20-Poly1305 (RFC 8439 2.8), CCM with a tag of 16 bytes (RFC 5116 5.3) and
 * with one of 8 bytes (RFC 6655 6.1). How often a key may be used is said in `aead-parameters.ts`.
 */
export type AeadName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305' | 'aes-128-ccm' | 'aes-128-ccm-8';

/**
 * Signature schemes of the handshake by their RFC 8446 4.2.3 names, each for one kind of key: P-256, Ed25519, and RSA
 * (rsaEncryption, 2048 to 8192 bits) with PSS (MGF1 over SHA-256, a salt of 32 bytes) or PKCS#1 v1.5.
 */
export type SignatureScheme = 'ecdsa_secp256r1_sha256' | 'ed25519' | 'rsa_pss_rsae_sha256' | 'rsa_pkcs1_sha256';

/**
 * How a certificate may be signed (RFC 5280 4.1.1.2). Wider than `SignatureScheme`: chains end in roots of other key
 * types than the handshake negotiates. As certificates name them, ECDSA is not bound to a curve here; RSASSA-PSS is the
 * form with MGF1 over the same hash and a salt as long as that hash.
 */
export type CertificateSignatureScheme =
  | 'ecdsa_sha256'
  | 'ecdsa_sha384'
  | 'ecdsa_sha512'
  | 'rsa_pkcs1_sha256'
  | 'rsa_pkcs1_sha384'
  | 'rsa_pkcs1_sha512'
  | 'rsa_pss_sha256'
  | 'rsa_pss_sha384'
  | 'rsa_pss_sha512'
  | 'ed25519';

/** A running hash that can be read at any point without ending it (handshake transcripts need that). */
export interface RunningHash {
  update(data: Uint8Array): void;
  /** The digest of everything so far; the hash goes on. */
  digest(): Uint8Array;
}

/** One AEAD key (RFC 5116). Nonces have 12 bytes, plaintexts at most 2^24 - 1 (the bound of CCM with such nonces). */
export interface Aead {
  /** 16 bytes, 8 for CCM_8. */
  readonly tagLength: number;
  /**
   * Writes ciphertext and tag to `out` at `offset`; returns the bytes written (`plaintext.length + tagLength`). Throws
   * `RangeError` for a nonce of another length, and when `out` is too short. A nonce must never come twice.
   */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, out: Uint8Array, offset: number): number;
  /** The plaintext, or `undefined` when the tag does not verify. Never throws on bad input. */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

/** Our half of a key agreement. */
export interface KeyAgreement {
  readonly group: GroupName;
  /** As it goes on the wire: 32 bytes for X25519, the 65-byte uncompressed point for secp256r1. */
  readonly publicKey: Uint8Array;
  /** The shared secret, or `undefined` for an invalid peer key (wrong length, not on the curve, all-zero result). */
  agree(peerPublicKey: Uint8Array): Uint8Array | undefined;
}

/** A private key that signs. The key itself stays inside the provider. */
export interface SigningKey {
  /** What it can sign, the best first: one scheme for P-256 and for Ed25519, PSS and PKCS#1 for RSA. */
  readonly schemes: readonly SignatureScheme[];
  /** The matching public key as SubjectPublicKeyInfo (DER). */
  readonly spki: Uint8Array;
  /** Throws `RangeError` for a scheme that is not among `schemes`. */
  sign(scheme: SignatureScheme, data: Uint8Array): Uint8Array;
}

export interface CryptoProvider {
  /** What `aead` takes. Engines offer and accept nothing else. */
  readonly aeads: readonly AeadName[];
  /** What `verify` knows. Engines offer and accept nothing else. */
  readonly signatureSchemes: readonly SignatureScheme[];
  hash(name: HashName, data: Uint8Array): Uint8Array;
  runningHash(name: HashName): RunningHash;
  hmac(name: HashName, key: Uint8Array, data: Uint8Array): Uint8Array;
  /** Throws `RangeError` for a key of another length than the algorithm's. */
  aead(name: AeadName, key: Uint8Array): Aead;
  /** The mask of record numbers in DTLS 1.3. Throws `RangeError` for a key of another length than the algorithm's. */
  recordNumberMask(name: AeadName, key: Uint8Array): RecordNumberMask;
  generateKeyAgreement(group: GroupName): KeyAgreement;
  /**
   * Imports a private key in PKCS#8 (DER) that can sign one of `signatureSchemes`: P-256, Ed25519 or RSA. Throws
   * `CertificateError` (`malformed`, `unsupported-key`) for what it cannot use.
   */
  importSigningKey(pkcs8: Uint8Array): SigningKey;
  /** True only when `signature` over `data` verifies with the key in `spki` AND the key's type fits the scheme. Never throws. */
  verify(scheme: SignatureScheme, spki: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean;
  /**
   * The same for the signature of a certificate. A provider may know a subset of the schemes: one that it does not know
   * does not verify. Neither do RSA keys under 2048 bits (too weak) and above 8192 (too slow). Never throws.
   */
  verifyCertificateSignature(
    scheme: CertificateSignatureScheme,
    spki: Uint8Array,
    data: Uint8Array,
    signature: Uint8Array,
  ): boolean;
  /** Constant time; false for different lengths. */
  timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean;
}
