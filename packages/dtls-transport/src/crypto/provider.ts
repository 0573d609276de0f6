/**
 * The cryptography that the DTLS engines need, injected so that they run on `node:crypto`, on `@noble/*`, or on a
 * deterministic provider in tests. All calls are synchronous; all bytes are `Uint8Array`.
 */

/** A hash function of a cipher suite. */
export type HashName = 'sha256' | 'sha384';

/** Named groups of key agreement, by their IANA names (RFC 8422 5.1.1). */
export type GroupName = 'x25519' | 'secp256r1';

/** AEAD algorithms by their RFC names. Step by step more are added; a provider may support a subset. */
export type AeadName = 'aes-128-gcm';

/** Signature schemes by their RFC 8446 4.2.3 names. */
export type SignatureScheme = 'ecdsa_secp256r1_sha256';

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

/** One AEAD key (RFC 5116). Nonce 12 bytes, tag 16 bytes. */
export interface Aead {
  readonly tagLength: number;
  /** Writes ciphertext and tag to `out` at `offset`; returns the bytes written (`plaintext.length + tagLength`). */
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
  readonly schemes: readonly SignatureScheme[];
  /** The matching public key as SubjectPublicKeyInfo (DER). */
  readonly spki: Uint8Array;
  sign(scheme: SignatureScheme, data: Uint8Array): Uint8Array;
}

export interface CryptoProvider {
  hash(name: HashName, data: Uint8Array): Uint8Array;
  runningHash(name: HashName): RunningHash;
  hmac(name: HashName, key: Uint8Array, data: Uint8Array): Uint8Array;
  aead(name: AeadName, key: Uint8Array): Aead;
  generateKeyAgreement(group: GroupName): KeyAgreement;
  /** Imports a private key: PKCS#8 DER. Throws `CertificateError` (`malformed`, `unsupported-key`) for what it cannot use. */
  importSigningKey(pkcs8: Uint8Array): SigningKey;
  /** True only when `signature` over `data` verifies with the key in `spki` AND the key's type fits the scheme. Never throws. */
  verify(scheme: SignatureScheme, spki: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean;
  /**
   * The same for the signature of a certificate. A provider may know a subset of the schemes: one that it does not know
   * does not verify. RSA keys under 2048 bits do not verify either. Never throws.
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
