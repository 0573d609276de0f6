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

/** The parameters and the times that follow from them (RFC 7252 section 4.8.2). */
export interface Transmission extends TransmissionParameters {
  /** MAX_TRANSMIT_SPAN: from the first transmission to the last, 45 s by default. */
  readonly maxTransmitSpan: number;
  /** MAX_TRANSMIT_WAIT: from the first transmission until the sender gives up, 93 s by default. */
  readonly maxTransmitWait: number;
  /** EXCHANGE_LIFETIME: how long a Message ID of a CON must not be used again, 247 s by default. */
  readonly exchangeLifetime: number;
  /** NON_LIFETIME: the same for a NON, 145 s by default. */
  readonly nonLifetime: number;
}

/** The defaults of RFC 7252 where nothing else is said. Throws `RangeError` for parameters that cannot work. */
export function transmission(parameters: Partial<TransmissionParameters> = {}): Transmission {
  const ackTimeout = parameters.ackTimeout ?? 2000;
  const ackRandomFactor = parameters.ackRandomFactor ?? 1.5;
  const maxRetransmit = parameters.maxRetransmit ?? 4;
  const nstart = parameters.nstart ?? 1;
  const probingRate = parameters.probingRate ?? 1;
  const maxLatency = parameters.maxLatency ?? 100_000;
  check('ackTimeout', ackTimeout, 1);
  check('ackRandomFactor', ackRandomFactor, 1);
  check('maxRetransmit', maxRetransmit, 0);
  check('nstart', nstart, 1);
  check('probingRate', probingRate, Number.MIN_VALUE);
  check('maxLatency', maxLatency, 0);
  const maxTransmitSpan = ackTimeout * (2 ** maxRetransmit - 1) * ackRandomFactor;
  return {
    ackTimeout,
    ackRandomFactor,
    maxRetransmit,
    nstart,
    probingRate,
    maxLatency,
    maxTransmitSpan,
    maxTransmitWait: ackTimeout * (2 ** (maxRetransmit + 1) - 1) * ackRandomFactor,
    // PROCESSING_DELAY is ACK_TIMEOUT.
    exchangeLifetime: maxTransmitSpan + 2 * maxLatency + ackTimeout,
    nonLifetime: maxTransmitSpan + maxLatency,
  };
}

/** MAX_TRANSMIT_SPAN between ends that have agreed on it. */
const MEASURED_SPAN = 60_000;
/** MAX_TRANSMIT_WAIT: that of RFC 7252. */
const MEASURED_WAIT = 93_000;
/** Up to eight transmissions. */
const MEASURED_RETRANSMIT = 7;
/**
 * NSTART: an app asks for several things at a time, and a message that got lost is to delay nobody but itself. TCP may begin
 * with ten segments at once (RFC 6928), of which these messages are the largest.
 */
const MEASURED_NSTART = 8;

/** The parameters between ends that measure their round trip, from those for strangers. */
export function measuredTransmission(strangers: Transmission): Transmission {
  const { ackTimeout, maxLatency, nstart } = strangers;
  return {
    ...strangers,
    maxRetransmit: MEASURED_RETRANSMIT,
    nstart: Math.max(nstart, MEASURED_NSTART),
    maxTransmitSpan: MEASURED_SPAN,
    maxTransmitWait: MEASURED_WAIT,
    exchangeLifetime: MEASURED_SPAN + 2 * maxLatency + ackTimeout,
    nonLifetime: MEASURED_SPAN + maxLatency,
  };
}

function check(name: string, value: number, least: number): void {
  if (!(value >= least && value < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${name} is ${value}; the least is ${least}`);
  }
}
