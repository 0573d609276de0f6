import { type CoapMessage, type DecodeOptions, decodeMessage, Type } from '@lb-matrix/coap-codec';

/** The bits of the type in the first byte (RFC 7252 section 3). */
const TYPE_BITS = 0x30;

/**
 * Existing clients (go-coap 2 and 3) ask for the second block of a notification in the ACK to it, where RFC 7252 section
 * 4.2 has no requests, so that it is no message. What they mean is clear: an ACK, and a request that is no CON. `undefined` for
 * any other datagram that is no message.
 */
export function requestInAck(datagram: Uint8Array, options: DecodeOptions): CoapMessage | undefined {
  const first = datagram[0] ?? 0;
  if ((first & TYPE_BITS) !== Type.ACK << 4) return undefined;
  const copy = new Uint8Array(datagram);
  copy[0] = (first & ~TYPE_BITS) | (Type.NON << 4);
  const decoded = decodeMessage(copy, options);
  return decoded.kind === 'message' ? decoded.message : undefined;
}
