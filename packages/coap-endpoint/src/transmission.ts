/** The transmission parameters of RFC 7252 section 4.8. Times are milliseconds. */
export interface TransmissionParameters {
  /** ACK_TIMEOUT: the shortest wait before the first retransmission. Default 2000. */
  readonly ackTimeout: number;
  /** ACK_RANDOM_FACTOR, at least 1. Default 1.5. */
  readonly ackRandomFactor: number;
  /** MAX_RETRANSMIT. Default 4. */
  readonly maxRetransmit: number;
  /** NSTART: own interactions that may be outstanding at once; the others wait their turn. Default 1. */
  readonly nstart: number;
  /** PROBING_RATE: bytes a second to a peer that does not answer. Default 1. */
  readonly probingRate: number;
  /** MAX_LATENCY: the longest a datagram may take. Default 100,000. */
  readonly maxLatency: number;
}
