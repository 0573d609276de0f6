import type { CryptoProvider, HashName } from '../crypto/provider.ts';
import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import type { HandshakeMessage } from '../wire/handshake-message.ts';
import { verifyData13 } from './key-schedule-13.ts';
import type { Transcript13 } from './transcript-13.ts';

/** RFC 8446 4.4.4: `secret` is the handshake traffic secret of the sender. Throws `DtlsPeerError` (`bad-finished`). */
export function checkFinished(
  crypto: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  transcript: Transcript13,
  { body }: HandshakeMessage,
): void {
  if (crypto.timingSafeEqual(body, verifyData13(crypto, hash, secret, transcript.hash()))) return;
  throw new DtlsPeerError('bad-finished', ALERT.decrypt_error, "the peer's Finished does not match the handshake");
}
