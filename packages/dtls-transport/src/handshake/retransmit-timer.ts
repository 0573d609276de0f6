/** RFC 6347 4.2.4.1: 1 second, doubled with each retransmission, to 60 seconds. */
const INITIAL_MS = 1_000;
const MAXIMUM_MS = 60_000;

/** When the flight in the air is sent again. */
export class RetransmitTimer {
  #interval = INITIAL_MS;
  #deadline: number | undefined;

  get deadline(): number | undefined {
    return this.#deadline;
  }

  /** The flight was sent again because nothing came. */
  get hasFired(): boolean {
    return this.#interval > INITIAL_MS;
  }

  /** A new flight goes out. The peer's last flight has arrived, so the timer begins anew (RFC 6347 4.2.4.1 lets us). */
  start(now: number): void {
    this.#interval = INITIAL_MS;
    this.#deadline = now + this.#interval;
  }

  /** The flight goes out again because the peer asked for it. */
  restart(now: number): void {
    this.#deadline = now + this.#interval;
  }

  /** The flight goes out again because nothing came. */
  backOff(now: number): void {
    this.#interval = Math.min(2 * this.#interval, MAXIMUM_MS);
    this.#deadline = now + this.#interval;
  }

  /** If the flight is to go out again, then by this time. */
  hurry(deadline: number): void {
    if (this.#deadline !== undefined) this.#deadline = Math.min(this.#deadline, deadline);
  }

  stop(): void {
    this.#deadline = undefined;
  }
}
