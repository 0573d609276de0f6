import type { CoapOption } from '@lb-matrix/coap-codec';
import type { EndpointError } from './errors.ts';
import type { CoapResponse } from './exchange.ts';
import type { NotificationOutcome, ObservationEnd } from './observation.ts';

/** How far a request is. Bytes of bodies, without headers. */
export interface Progress {
  /** Bytes of the request body that the server has. */
  readonly sent: number;
  /** Bytes of the response body that are here. */
  readonly received: number;
  /** The size of the response body, once the server has named it (Size2). */
  readonly total: number | undefined;
}

/** What became of a `request`, `send`, `observe` or `ping` of this id. */
export type ClientEvent =
  | { readonly kind: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly kind: 'response'; readonly id: number; readonly response: CoapResponse }
  /** The state of what is observed: first the answer, then each notification. `last`: the observation has ended. */
  | { readonly kind: 'notification'; readonly id: number; readonly response: CoapResponse; readonly last: boolean }
  /** A request that wants no response is with the server, or as a NON on its way. */
  | { readonly kind: 'sent'; readonly id: number }
  | { readonly kind: 'pong'; readonly id: number; readonly milliseconds: number }
  | { readonly kind: 'failed'; readonly id: number; readonly error: EndpointError };

export type ServerEvent =
  /** A request, whole: answer it with `respond(id, ...)`. */
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly code: number;
      readonly options: readonly CoapOption[];
      readonly payload: Uint8Array;
      /** The client wants to be told of changes (RFC 7641): accept that with `accept(id)`, before `respond`. */
      readonly observe: boolean;
    }
  /** The answer is no longer wanted: the peer reset it or did not take it, or the endpoint ended. */
  | { readonly kind: 'cancelled'; readonly id: number }
  /** What became of the answer to the registration of this observation. */
  | { readonly kind: 'established'; readonly id: number; readonly outcome: NotificationOutcome }
  /** What became of the notification of this id. */
  | { readonly kind: 'notified'; readonly id: number; readonly outcome: NotificationOutcome }
  /** The observation of this id has ended. */
  | { readonly kind: 'unobserved'; readonly id: number; readonly reason: ObservationEnd }
  /** A message has arrived since `listen` was called for the observation of this id. */
  | { readonly kind: 'heard'; readonly id: number };

export type EndpointEvent = ClientEvent | ServerEvent;

const SERVER_EVENTS: ReadonlySet<EndpointEvent['kind']> = new Set<ServerEvent['kind']>([
  'request',
  'cancelled',
  'established',
  'notified',
  'unobserved',
  'heard',
]);

export function isServerEvent(event: EndpointEvent): event is ServerEvent {
  return SERVER_EVENTS.has(event.kind);
}
