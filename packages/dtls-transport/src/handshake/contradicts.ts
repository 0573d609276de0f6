import { sameBytes } from '../wire/bytes.ts';
import type { HandshakeFragment, HandshakeMessage } from '../wire/handshake-message.ts';

/** A fragment that is not of what was taken for its message: of the two stories one is forged or damaged. */
export function contradicts(
  taken: readonly HandshakeMessage[],
  { messageSeq, type, length, offset, bytes }: HandshakeFragment,
): boolean {
  const known = taken.find((message) => message.messageSeq === messageSeq);
  if (known === undefined) return false;
  if (type !== known.type || length !== known.body.length) return true;
  return !sameBytes(bytes, known.body.subarray(offset, offset + bytes.length));
}
