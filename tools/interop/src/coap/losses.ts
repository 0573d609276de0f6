import { type CoapMessage, isRequest, isResponse, Type } from '@lb-matrix/coap-codec';
import { expect } from 'vitest';
import { expectRepeated, expectSeparate } from './checks.ts';
import type { Sent, Wire } from './trace.ts';

/** A message that is lost on its first way, and what then has to be seen. */
export interface Loss {
  readonly what: string;
  readonly isIt: (sent: Sent) => boolean;
  /** Whether all that follows the loss has happened; the response is there already. */
  readonly isOver?: (sent: readonly Sent[]) => boolean;
  readonly check: (sent: readonly Sent[]) => void;
}

/** A case of the ETSI descriptions in their lossy context. */
export interface LossyCase {
  readonly id: string;
  readonly title: string;
  readonly resource: string;
  readonly losses: readonly Loss[];
}

const isEmptyAck = ({ type, code }: CoapMessage): boolean => type === Type.ACK && code === 0;
const of =
  (side: Sent['from'], is: (message: CoapMessage) => boolean) =>
  ({ from, message }: Sent): boolean =>
    from === side && is(message);

const request = of('client', ({ code }) => isRequest(code));
const response = of('server', ({ code }) => isResponse(code));
const acknowledgement = of('server', isEmptyAck);
const acknowledgementOfResponse = of('client', isEmptyAck);

const acknowledgementOrReset = of('client', ({ type }) => type === Type.ACK || type === Type.RST);

const lostRequest: Loss = {
  what: 'the request',
  isIt: request,
  check: (sent) => expectRepeated(sent, 'client'),
};

export const LOSSY_CASES: readonly LossyCase[] = [
  {
    id: 'CORE_15',
    title: 'lost messages, piggybacked response',
    resource: 'test',
    losses: [lostRequest, { what: 'the response', isIt: response, check: (sent) => expectRepeated(sent, 'client') }],
  },
  {
    id: 'CORE_16',
    title: 'lost messages, separate response',
    resource: 'separate',
    losses: [
      lostRequest,
      {
        what: 'the acknowledgement of the request',
        isIt: acknowledgement,
        // The response says as much: no request follows it.
        check: (sent) => expect(sent.findLastIndex(request)).toBeLessThan(sent.findIndex(response)),
      },
      { what: 'the response', isIt: response, check: (sent) => expectRepeated(sent, 'server') },
      {
        what: 'the acknowledgement of the response',
        isIt: acknowledgementOfResponse,
        // aiocoap no longer knows what the second one is about, and resets it: that ends the retransmission as well.
        isOver: (sent) => sent.filter(acknowledgementOrReset).length > 1,
        check(sent) {
          expectSeparate(sent);
          expectRepeated(sent, 'server');
        },
      },
    ],
  },
];

/** A wire that loses the first message that is the one. */
export function losing({ isIt }: Loss): Wire {
  let lost = false;
  return {
    sent: [],
    loses(next) {
      if (lost || !isIt(next)) return false;
      lost = true;
      return true;
    },
  };
}
