import type { Outgoing } from './message-layer.ts';

const NOTHING: Uint8Array = new Uint8Array();

/** An Empty CON, that the peer resets (RFC 7252 section 4.3): it tells whether anything small arrives (RFC 8899 section 4.3). */
export function probe(ackDelay: number, end: () => void): Outgoing {
  return {
    code: 0,
    token: NOTHING,
    options: [],
    payload: NOTHING,
    confirmable: true,
    counted: false,
    ackDelay,
    acknowledged: end,
    rejected: end,
    undeliverable: end,
  };
}
