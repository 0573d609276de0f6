import type { CryptoProvider, HashName } from '../crypto/provider.ts';
import type { PreSharedKey } from '../identity.ts';
import { HANDSHAKE_TYPE } from '../wire/handshake-message.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import { binderKey, verifyData13 } from './key-schedule-13.ts';
import { type RetriedHello, tlsMessage, transcriptBeforeHello } from './transcript-13.ts';

/** RFC 8446 4.2.11: the hash that goes with a key from outside for which no other is agreed on. It limits the suites. */
export const PSK_HASH: HashName = 'sha256';

/** A client may offer the key with this suite: its name is not empty (RFC 8446 4.2.11). */
export function takesPsk({ hash }: CipherSuite13, { identity }: PreSharedKey): boolean {
  return hash === PSK_HASH && identity.length > 0;
}

/** Bytes of a binder: those of the hash. */
export const BINDER_LENGTH = 32;

/**
 * Shows that a client has a shared key (RFC 8446 4.2.11.2): a MAC over the handshake up to `hello`, the body of its ClientHello,
 * of which the last `bindersLength` bytes, with the binders, are left out. The lengths in front count them all the same.
 */
export function pskBinder(
  crypto: CryptoProvider,
  key: Uint8Array,
  retried: RetriedHello | undefined,
  hello: Uint8Array,
  bindersLength: number,
): Uint8Array {
  const transcript = transcriptBeforeHello(crypto, PSK_HASH, retried);
  transcript.addBytes(tlsMessage({ type: HANDSHAKE_TYPE.clientHello, body: hello }).subarray(0, -bindersLength));
  return verifyData13(crypto, PSK_HASH, binderKey(crypto, PSK_HASH, key), transcript.hash());
}
