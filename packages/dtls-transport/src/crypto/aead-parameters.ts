import type { AeadName } from './provider.ts';

/** RFC 5116 5, RFC 7905 2: every AEAD of TLS takes nonces of 96 bits. */
export const NONCE_LENGTH = 12;

/** Lengths in bytes, and how often one key may be used. */
export interface AeadParameters {
  readonly keyLength: number;
  readonly tagLength: number;
  /** Records that may be sealed with one key. */
  readonly maxSealed: number;
  /** Records that may fail to open with one key (RFC 9147 4.5.3). */
  readonly maxForgeries: number;
}

/** RFC 8446 5.5. */
const GCM_MAX_SEALED = Math.floor(2 ** 24.5);
/** RFC 8446 5.5: the sequence number, 48 bits in DTLS, wraps before the limit. */
const CHACHA_MAX_SEALED = 2 ** 48;
const GCM_AND_CHACHA_MAX_FORGERIES = 2 ** 36;
/** RFC 9147 B.1, B.2. */
const CCM_MAX_SEALED = 2 ** 23;
/**
 * Of the short tag one forgery in 2^64 passes, so with this limit one key in 2^40 is ever deceived. RFC 9147 B.3 would want
 * 2^7 for the margins of the others, which lets anybody end an association with 128 datagrams.
 */
const CCM_MAX_FORGERIES = Math.floor(2 ** 23.5);

/** RFC 5116 5.1, 5.2 (GCM), RFC 8439 2.8 (ChaCha20-Poly1305), RFC 5116 5.3 and RFC 6655 6.1 (CCM, CCM_8). */
export const AEAD_PARAMETERS: Readonly<Record<AeadName, AeadParameters>> = {
  'aes-128-gcm': {
    keyLength: 16,
    tagLength: 16,
    maxSealed: GCM_MAX_SEALED,
    maxForgeries: GCM_AND_CHACHA_MAX_FORGERIES,
  },
  'aes-256-gcm': {
    keyLength: 32,
    tagLength: 16,
    maxSealed: GCM_MAX_SEALED,
    maxForgeries: GCM_AND_CHACHA_MAX_FORGERIES,
  },
  'chacha20-poly1305': {
    keyLength: 32,
    tagLength: 16,
    maxSealed: CHACHA_MAX_SEALED,
    maxForgeries: GCM_AND_CHACHA_MAX_FORGERIES,
  },
  'aes-128-ccm': { keyLength: 16, tagLength: 16, maxSealed: CCM_MAX_SEALED, maxForgeries: CCM_MAX_FORGERIES },
  'aes-128-ccm-8': { keyLength: 16, tagLength: 8, maxSealed: CCM_MAX_SEALED, maxForgeries: CCM_MAX_FORGERIES },
};

/** A wrong key or nonce is a mistake of the caller, never of a peer. Throws `RangeError`. */
export function checkLength(name: AeadName, what: 'key' | 'nonce', bytes: Uint8Array): void {
  const length = what === 'key' ? AEAD_PARAMETERS[name].keyLength : NONCE_LENGTH;
  if (bytes.length !== length) throw new RangeError(`${name} takes a ${what} of ${length} bytes, not ${bytes.length}`);
}
