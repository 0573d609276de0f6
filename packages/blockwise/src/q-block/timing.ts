/** When the receiver of a body says what it has, and when it gives up. Times are milliseconds. */
export interface QBlockTiming {
  /** MAX_PAYLOADS: blocks that are sent, and confirmed, together (RFC 9177 section 7.2). */
  readonly maxPayloads: number;
  /** NON_RECEIVE_TIMEOUT: the first wait for a missing block; each further one is twice as long. */
  readonly receiveTimeout: number;
  /** The longest of these waits. */
  readonly longestWait: number;
  /** How long nothing of a body may arrive before the receiver lets go of it. */
  readonly patience: number;
  /** Says what is here after so many blocks, or so long after one; `undefined`: as section 7.2 has it, set by set. */
  readonly report: { readonly blocks: number; readonly delay: number } | undefined;
}

/** The parameters of RFC 9177 section 7.2. Times are milliseconds. */
export interface NonParameters {
  /** MAX_PAYLOADS. Default 10. */
  readonly maxPayloads: number;
  /** NON_TIMEOUT. Default 2000. */
  readonly nonTimeout: number;
  /** NON_MAX_RETRANSMIT. Default 4. */
  readonly nonMaxRetransmit: number;
  /** MAX_LATENCY of RFC 7252. Default 100,000. */
  readonly maxLatency: number;
}

/** The parameters and the times that follow from them. */
export interface NonTiming extends NonParameters, QBlockTiming {
  /** NON_TIMEOUT_RANDOM is between NON_TIMEOUT and this. */
  readonly nonTimeoutMost: number;
  /** NON_PROBING_WAIT with the longest NON_TIMEOUT_RANDOM: 248 s by default. */
  readonly nonProbingWait: number;
  /** NON_PARTIAL_TIMEOUT: 247 s by default. */
  readonly nonPartialTimeout: number;
}

const ACK_RANDOM_FACTOR = 1.5;

/** The defaults of RFC 9177 section 7.2 where nothing else is said: for peers of which no more is known. */
export function nonTiming(parameters: Partial<NonParameters> = {}): NonTiming {
  const maxPayloads = parameters.maxPayloads ?? 10;
  const nonTimeout = parameters.nonTimeout ?? 2000;
  const nonMaxRetransmit = parameters.nonMaxRetransmit ?? 4;
  const maxLatency = parameters.maxLatency ?? 100_000;
  const nonTimeoutMost = nonTimeout * ACK_RANDOM_FACTOR;
  // At least a second above the longest NON_TIMEOUT_RANDOM.
  const receiveTimeout = Math.max(2 * nonTimeout, nonTimeoutMost + 1000);
  const span = nonTimeout * (2 ** nonMaxRetransmit - 1) * ACK_RANDOM_FACTOR + 2 * maxLatency;
  return {
    maxPayloads,
    nonTimeout,
    nonMaxRetransmit,
    maxLatency,
    nonTimeoutMost,
    receiveTimeout,
    longestWait: Number.POSITIVE_INFINITY,
    // One wait before each request for what is missing, and one after the last.
    patience: receiveTimeout * (2 ** (nonMaxRetransmit + 1) - 1),
    nonProbingWait: span + nonTimeoutMost,
    nonPartialTimeout: span + nonTimeout,
    report: undefined,
  };
}

/** Some blocks a report: less would cost more datagrams, more would let a sender of much wait for news. */
const REPORT_BLOCKS = 16;
const LEAST_DELAY = 25;
const MOST_DELAY = 50;
const LEAST_WAIT = 100;

/**
 * For two ends that both know these rules: the sender is paced by what it learns, so that the receiver says early and often what it has.
 * Every block is a set of its own, which makes a 'Continue' possible after any of them. `roundTrip`: as far as it is known, in ms.
 */
export function promptTiming(roundTrip = 400): QBlockTiming {
  return {
    maxPayloads: 1,
    receiveTimeout: Math.max(LEAST_WAIT, roundTrip / 2),
    longestWait: 8000,
    patience: 60_000,
    report: { blocks: REPORT_BLOCKS, delay: Math.min(MOST_DELAY, Math.max(LEAST_DELAY, roundTrip / 8)) },
  };
}
