/** Something that happened to an observation, for logs and metrics: no bodies, no tokens, no query. */
export interface ObservationRecord {
  readonly event: /** A client is told of news from now on. */
    | 'registered'
    /** An answer with news went to it, and it has acknowledged it. */
    | 'pushed'
    /** It has not acknowledged one, and gets it when it is heard of again. */
    | 'parked'
    | 'ended';
  /** The path in full, percent-encoded. */
  readonly path: string;
  readonly peer: { readonly address: string; readonly port: number };
  /** Bytes of the body, of `pushed` and `parked`. */
  readonly bytes?: number;
  /** Of `ended`: coap-endpoint's `ObservationEnd`. */
  readonly reason?: string;
}
