/** RFC 9147 5.8.2: a flight that is not answered waits twice as long each time, up to this. */
const MAXIMUM_MS = 60_000;

/** However short the round trip: a peer that is busy needs a while, and asking again would keep it busier. */
const LEAST_MS = 100;

/**
 * When the flight in the air is sent again (RFC 6347 4.2.4.1, RFC 9147 5.8.2): after the initial time; in 1.3, once a round trip has
 * been measured, after 1.5 times the latest.
 */
export class RetransmitTimer {
  readonly #initial: number;
  readonly #adapts: boolean;
  #interval: number;
  #deadline: number | undefined;
  #hasFired = false;
  /** When the flight went out; `undefined` once it was answered, or went out again: nobody knows then which one an answer is to (RFC 6298 3). */
  #sentAt: number | undefined;
  #roundTrip: number | undefined;

  /** `initial`: milliseconds. `adapts`: the round trip counts once it is known. */
  constructor(initial: number, adapts: boolean) {
    this.#initial = initial;
    this.#adapts = adapts;
    this.#interval = initial;
  }

  get deadline(): number | undefined {
    return this.#deadline;
  }

  /** The flight was sent again because nothing came. */
  get hasFired(): boolean {
    return this.#hasFired;
  }

  /** What lay between the last flight that was answered at once and its answer, in milliseconds. */
  get roundTrip(): number | undefined {
    return this.#roundTrip;
  }

  /** How long a flight waits at first. */
  get patience(): number {
    if (!this.#adapts || this.#roundTrip === undefined) return this.#initial;
    return Math.max(Math.min(LEAST_MS, this.#initial), 1.5 * this.#roundTrip);
  }

  /** A new flight goes out. `delay`: so long the peer may wait with its answer, where the time has been made to measure. */
  start(now: number, delay = 0): void {
    this.watch(now);
    this.#interval = this.patience + (this.#roundTrip === undefined ? 0 : delay);
    this.#deadline = now + this.#interval;
  }

  /** Something goes out long after the handshake, of which a round trip says little (RFC 9147 5.8.2). Nothing else is in the air. */
  startAnew(now: number): void {
    this.#interval = this.#initial;
    this.#deadline = now + this.#interval;
  }

  /** A new flight goes out, which time alone does not send again. */
  watch(now: number): void {
    this.#sentAt = now;
    this.#hasFired = false;
    this.#deadline = undefined;
  }

  /** The peer has answered the flight. */
  answered(now: number): void {
    if (this.#sentAt !== undefined) this.#roundTrip = now - this.#sentAt;
    this.stop();
  }

  /** The answer has begun, but has nothing of the peer's keys yet: if it does not go on, the flight is sent again. */
  answering(now: number): void {
    if (this.#sentAt !== undefined) this.#roundTrip = now - this.#sentAt;
    this.#sentAt = undefined;
    this.hurry(now + this.patience);
  }

  /** The flight goes out again because the peer asked for it. */
  restart(now: number): void {
    this.#sentAt = undefined;
    this.#deadline = now + this.#interval;
  }

  /** The flight goes out again because nothing came. */
  backOff(now: number): void {
    this.#hasFired = true;
    this.#sentAt = undefined;
    this.#interval = Math.min(2 * this.#interval, MAXIMUM_MS);
    this.#deadline = now + this.#interval;
  }

  /** If the flight is to go out again, then by this time. */
  hurry(deadline: number): void {
    if (this.#deadline !== undefined) this.#deadline = Math.min(this.#deadline, deadline);
  }

  /** The flight is not to go out again before this time. */
  defer(until: number): void {
    if (this.#deadline !== undefined) this.#deadline = Math.max(this.#deadline, until);
  }

  stop(): void {
    this.#sentAt = undefined;
    this.#deadline = undefined;
  }
}
