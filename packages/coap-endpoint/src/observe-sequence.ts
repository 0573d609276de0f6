/** The Observe value of a notification, and when it came, in milliseconds. */
export interface Sequence {
  readonly value: number;
  readonly at: number;
}

const HALF = 0x80_0000;
const MODULUS = 0x100_0000;
/** After this time, in milliseconds, the numbers say nothing any more. */
const HORIZON = 128_000;

/** Whether a notification that arrives now was sent after the freshest one so far (RFC 7641 section 3.4). */
export function isFresher(freshest: Sequence, value: number, now: number): boolean {
  const ahead = (value - freshest.value + MODULUS) % MODULUS;
  return (ahead > 0 && ahead < HALF) || now > freshest.at + HORIZON;
}

/** The next value for a server: 24 bits of a counter (RFC 7641 section 4.4). */
export function nextObserveValue(value: number): number {
  return (value + 1) % MODULUS;
}
