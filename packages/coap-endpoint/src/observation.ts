import type { CoapResponse } from './exchange.ts';

/** What became of a notification. */
export type NotificationOutcome =
  /** The client has acknowledged it. */
  | 'acknowledged'
  /** It went out as a NON: nobody knows more. */
  | 'sent'
  /** A newer one took its place before the client had acknowledged it (RFC 7641 section 4.5.2). */
  | 'superseded'
  /** It stayed without acknowledgement after all retransmissions: the observation has ended, unless it is to `park`. */
  | 'lost'
  /** The client has reset it: the observation has ended. */
  | 'rejected'
  /** The observation ended otherwise before the client had acknowledged it. */
  | 'ended';

/** Why an observation ended: the `reason` of its signal. */
export type ObservationEnd =
  /** The client asked for it (Observe 1). */
  | 'cancelled'
  /** The client registered again with the same token; that request has an observation of its own. */
  | 'replaced'
  /** A notification was reset by the client. */
  | 'rejected'
  /** A notification stayed without acknowledgement. */
  | 'lost'
  /** By `end`, or because the server answered or notified with an error. */
  | 'ended'
  /** The session is over. */
  | 'closed';

export interface NotifyOptions {
  /** Sent as a CON. Default true; of NON notifications one in 24 hours is a CON all the same (RFC 7641 section 4.5). */
  readonly confirmable?: boolean | undefined;
  /**
   * When it stays without acknowledgement after all retransmissions (`lost`), the observation does not end but is silent
   * until the next `notify`: see `heard`. Holds for an error, too. Default false (RFC 7641 section 4.5).
   */
  readonly park?: boolean | undefined;
}

/** A client that is told of a resource's changes: an entry in the list of observers (RFC 7641 section 4). */
export interface Observation {
  /**
   * Sends the new state. One notification is on its way at a time; of those that come meanwhile the newest follows, or
   * takes the place of the one on its way when that would have to be sent again. An error code is the last
   * notification, and so is another Content-Format than before, which goes out as 4.06 (section 4.2). The promise
   * never rejects. Throws coap-codec's `CoapError` for a response that cannot be sent.
   */
  notify(response: CoapResponse, options?: NotifyOptions): Promise<NotificationOutcome>;
  /**
   * What became of the answer to the registration: `sent` when it went out in the ACK or as a NON, `acknowledged` when it
   * was a message of its own, and `lost`, `rejected` or `ended` when the observation ended before. Never rejects.
   */
  readonly established: Promise<NotificationOutcome>;
  /**
   * Resolves when the next CoAP message of this client arrives, whatever it says: then a parked observation may
   * `notify` again. Also when the observation ends. Never rejects.
   */
  heard(): Promise<void>;
  /** Ends it: with a last notification, or in silence. */
  end(response?: CoapResponse): void;
  /** Aborted when it has ended, whoever ended it; the reason is an `ObservationEnd`. */
  readonly signal: AbortSignal;
}
