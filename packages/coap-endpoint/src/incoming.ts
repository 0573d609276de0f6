import type { Ticket } from '@lb-matrix/blockwise';
import type { CoapMessage } from '@lb-matrix/coap-codec';
import type { Begun } from './bulk/server-blocks.ts';
import type { Received } from './duplicates.ts';
import type { Outgoing, Timer } from './message-layer.ts';
import type { ServerObservation } from './server-observation.ts';

/** A request that the application has, or whose separate response is on its way. */
export interface Incoming extends Timer {
  readonly id: number;
  readonly message: CoapMessage;
  readonly ticket: Ticket;
  readonly received: Received;
  /** An empty ACK went out: the response will be separate. */
  acknowledged: boolean;
  /** Sends the rest of the response's body. */
  proceed: Begun['proceed'];
  delivery: Outgoing | undefined;
  /** The classes of responses that it does not want, as bits (RFC 7967). */
  readonly unwanted: number;
  /** It asks to be told of changes, and may be: `observation`. */
  readonly observe: boolean;
  observation: ServerObservation | undefined;
}
