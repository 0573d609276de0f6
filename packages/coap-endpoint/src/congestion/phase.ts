/** What the pace is made of that the network has shown, and the least that stays of the window in bandwidth-delay products. */
export interface Gains {
  readonly pace: number;
  readonly window: number;
}

/** As fast as slow start: twice as much each round (draft-ietf-ccwg-bbr section 5.3.1). */
const STARTUP: Gains = { pace: 2, window: 2 };
/** Takes back what startup has put into the queue (section 5.3.2). */
const DRAIN: Gains = { pace: 0.5, window: 2 };
/** Half of what is under way leaves the queue to others for a while (section 5.3.4). */
const FLOOR: Gains = { pace: 1, window: 0.5 };
/** One round tries for more, the next takes that out of the queue again, and six go on (section 5.3.3). */
const CRUISE: readonly Gains[] = [1.25, 0.75, 1, 1, 1, 1, 1, 1].map((pace) => ({ pace, window: 2 }));
const TAKE_BACK = 1;

/** Rounds without growth after which there is no more to find, and what is growth (section 5.3.1.2). */
const FLAT_ROUNDS = 3;
const GROWTH = 1.25;
/** The least time with half a window, in milliseconds. */
const FLOOR_TIME = 200;

/** What a phase may go by. Times are milliseconds, sizes bytes. */
export interface Seen {
  readonly floor: number;
  readonly inFlight: number;
  /** What is under way when the link is busy and its queue empty. */
  readonly target: number;
}

type Kind = 'startup' | 'drain' | 'cruise' | 'floor';

/** Finds out how much the network carries, goes on with that, and asks now and then whether it is still so. */
export class Phase {
  readonly #random: () => number;
  #kind: Kind = 'startup';
  #best = 0;
  #flatRounds = 0;
  /** Where in `CRUISE`, and since when; for `floor`: since when so little is under way. */
  #step = 0;
  #since: number | undefined;

  constructor(random: () => number) {
    this.#random = random;
  }

  get kind(): Kind {
    return this.#kind;
  }

  get gains(): Gains {
    if (this.#kind === 'startup') return STARTUP;
    if (this.#kind === 'drain') return DRAIN;
    return this.#kind === 'floor' ? FLOOR : CRUISE[this.#step]!;
  }

  /** A round is over, in which there was a queue all the time, or not. `isSparse`: it shows nothing of the link. */
  roundOver(rate: number, isQueue: boolean, isSparse: boolean): void {
    if (this.#kind !== 'startup' || isSparse) return;
    if (rate >= GROWTH * this.#best) {
      this.#best = rate;
      this.#flatRounds = 0;
    } else this.#flatRounds++;
    // Where a queue stands already there is nothing to find by filling it.
    if (isQueue || this.#flatRounds >= FLAT_ROUNDS) this.#kind = 'drain';
  }

  /** Asked with each delivery. */
  proceed({ floor, inFlight, target }: Seen, now: number): void {
    if (this.#kind === 'drain' && inFlight <= target) this.cruise(now);
    if (this.#kind !== 'cruise') return;
    const isOver = now - this.#since! > floor;
    if (isOver || (this.#step === TAKE_BACK && inFlight <= target)) {
      this.#step = (this.#step + 1) % CRUISE.length;
      this.#since = now;
    }
  }

  /** Goes on with what is known, at any step but the first two: flows that begin together do not try together. */
  cruise(now: number): void {
    this.#kind = 'cruise';
    this.#step = 2 + Math.floor(this.#random() * (CRUISE.length - 2));
    this.#since = now;
  }

  /** Begins to let the queue run empty, to see the round trip without it. */
  findFloor(): void {
    this.#kind = 'floor';
    this.#since = undefined;
  }

  /** Whether that was long enough; `isLow`: no more is under way than may be. */
  hasFoundFloor(isLow: boolean, floor: number, now: number): boolean {
    if (this.#kind !== 'floor') return false;
    if (this.#since === undefined && isLow) this.#since = now;
    return this.#since !== undefined && now - this.#since >= Math.max(FLOOR_TIME, floor);
  }

  /** Nothing is known any more. */
  restart(): void {
    this.#kind = 'startup';
    this.#best = 0;
    this.#flatRounds = 0;
  }
}
