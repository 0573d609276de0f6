import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import type { HandshakeMessage } from '../wire/handshake-message.ts';

/** A place in a flight (RFC 5246 7.3) and the message that stands there, always or now and then. */
export interface Place {
  readonly type: number;
  readonly optional?: boolean;
}

/**
 * True when the messages are a whole flight, false when some are still to come. The last place is never optional. Throws
 * `DtlsPeerError` (`unexpected-message`) for a wrong order (CVE-2022-29222: nothing that must be there is passed over).
 */
export function isWholeFlight(messages: readonly HandshakeMessage[], order: readonly Place[]): boolean {
  let next = 0;
  for (const { type } of messages) {
    while (order[next]?.optional && order[next]?.type !== type) next += 1;
    if (order[next]?.type !== type) {
      throw new DtlsPeerError('unexpected-message', ALERT.unexpected_message, `unexpected message of type ${type}`);
    }
    next += 1;
  }
  return next === order.length;
}
