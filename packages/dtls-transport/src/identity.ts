import type { SigningKey } from './crypto/provider.ts';
import { DtlsRefusedError } from './errors.ts';

/** Who one side is: certificates (DER), its own first, and the private key of the first. */
export interface Identity {
  readonly chain: readonly Uint8Array[];
  readonly key: SigningKey;
}

/** A key that two sides share, and the name by which the client calls it (RFC 4279 2, RFC 8446 4.2.11). */
export interface PreSharedKey {
  /** As it goes on the wire, at most 128 bytes; RFC 4279 5.1 wants UTF-8. Everyone on the way can read it. */
  readonly identity: Uint8Array;
  /** 1 to 256 random bytes, better 16 at least: whoever has seen a handshake can try out guesses at home. */
  readonly key: Uint8Array;
}

/** RFC 4279 5.3: everyone takes identities up to here, and keys up to 64 bytes; OpenSSL and others take these. */
const MAX_PSK_IDENTITY = 128;
const MAX_PSK = 256;

/** Throws `DtlsRefusedError` (`bad-option`). */
export function checkedIdentity(identity: Identity): Identity {
  if (identity.chain.length === 0) throw new DtlsRefusedError('bad-option', 'identity needs a certificate');
  if (identity.key.schemes.length === 0) throw new DtlsRefusedError('bad-option', 'the key of identity cannot sign');
  return identity;
}

/** Throws `DtlsRefusedError` (`bad-option`). */
export function checkedPsk(psk: PreSharedKey): PreSharedKey {
  checkPskKey(psk.key);
  if (psk.identity.length <= MAX_PSK_IDENTITY) return psk;
  throw new DtlsRefusedError('bad-option', `the identity of a shared key has at most ${MAX_PSK_IDENTITY} bytes`);
}

/** Throws `DtlsRefusedError` (`bad-option`). */
export function checkPskKey(key: Uint8Array): void {
  if (!isPskKey(key)) throw new DtlsRefusedError('bad-option', `a shared key has 1 to ${MAX_PSK} bytes`);
}

/** It has a length that a shared key may have. */
export function isPskKey(key: Uint8Array): boolean {
  return key.length > 0 && key.length <= MAX_PSK;
}
