import { type CoapMessage, isRequest, isResponse, Type } from '@lb-matrix/coap-codec';
import { expect } from 'vitest';
import { expectRepeated, expectSeparate } from './checks.ts';
import type { Sent, Wire } from './trace.ts';

/** A case of the ETSI descriptions in their lossy context: one message is lost on its first way. */
export interface LossyCase {
  readonly id: string;
  readonly title: string;
  readonly resource: string;
  readonly isLost: (sent: Sent) => boolean;
  /** Whether all that follows the loss has happened; the response is there already. Default: nothing follows. */
  readonly isOver?: (sent: readonly Sent[]) => boolean;
  /** Sees that what has to be sent again was, and nothing else. */
  readonly check: (sent: readonly Sent[]) => void;
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

export const LOSSY_CASES: readonly LossyCase[] = [
  {
    id: 'CORE_15',
    title: 'the request is lost',
    resource: 'test',
    isLost: request,
    check: (sent) => expectRepeated(sent, 'client'),
  },
  {
    id: 'CORE_15',
    title: 'the piggybacked response is lost',
    resource: 'test',
    isLost: response,
    check: (sent) => expectRepeated(sent, 'client'),
  },
  {
    id: 'CORE_16',
    title: 'the request for a separate response is lost',
    resource: 'separate',
    isLost: request,
    check: (sent) => expectRepeated(sent, 'client'),
  },
  {
    id: 'CORE_16',
    title: 'its acknowledgement is lost',
    resource: 'separate',
    isLost: acknowledgement,
    // The response says as much: no request follows it.
    check: (sent) => expect(sent.findLastIndex(request)).toBeLessThan(sent.findIndex(response)),
  },
  {
    id: 'CORE_16',
    title: 'the separate response is lost',
    resource: 'separate',
    isLost: response,
    check: (sent) => expectRepeated(sent, 'server'),
  },
  {
    id: 'CORE_16',
    title: "the separate response's acknowledgement is lost",
    resource: 'separate',
    isLost: acknowledgementOfResponse,
    // aiocoap no longer knows what the second one is about, and resets it: that ends the retransmission as well.
    isOver: (sent) => sent.filter(acknowledgementOrReset).length > 1,
    check(sent) {
      expectSeparate(sent);
      expectRepeated(sent, 'server');
    },
  },
];

/** A wire that loses the first message that is the one. */
export function losing({ isLost }: LossyCase): Wire {
  let lost = false;
  return {
    sent: [],
    loses(next) {
      if (lost || !isLost(next)) return false;
      lost = true;
      return true;
    },
  };
}
