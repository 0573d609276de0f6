import { MAX_MISSING, type Report } from './report.ts';
import { type Placement, ScatteredBody } from './scattered-body.ts';
import type { QBlockTiming } from './timing.ts';

/** So many blocks are sent before anything is heard (RFC 6928): of a body of no more nothing need be said before its end. */
const FIRST_FLIGHT = 10;
/** Of a larger one something is said before that is over, so that more may follow. */
const FIRST_REPORT = 8;
/** How much the last gap between two blocks counts for the usual one. */
const GAP_WEIGHT = 1 / 8;
/** The silence after which something must be missing, in usual gaps. */
const GAPS = 4;

/** The receiver of a body in Q-Blocks, whichever way it goes: what is here, and when to tell the sender (RFC 9177 section 7.2). */
export class BlockCollector {
  readonly body: ScatteredBody;
  readonly #timing: QBlockTiming;
  /** When the last new block came, and the usual time between two. */
  #lastAt: number;
  #gap = 0;
  /** New blocks since the last report. */
  #unreported = 0;
  #dueAt: number;
  /** Requests for what is missing since the last new block. */
  #silent = 0;
  /** The block up to which a 'Continue' was said, and the set below which missing blocks were asked for. */
  #confirmed = 0;
  #asked = 0;

  constructor(size: number, szx: number, timing: QBlockTiming, now: number) {
    this.body = new ScatteredBody(size, szx);
    this.#timing = timing;
    this.#lastAt = now;
    this.#dueAt = now + timing.receiveTimeout;
  }

  put(num: number, more: boolean, payload: Uint8Array, now: number): Placement {
    const placement = this.body.put(num, more, payload);
    if (placement !== 'new') return placement;
    if (this.body.received > 1) this.#gap += (now - this.#lastAt - this.#gap) * GAP_WEIGHT;
    this.#lastAt = now;
    this.#silent = 0;
    this.#unreported++;
    if (this.#dueAt > now)
      this.#dueAt = this.#wantsReport(num) ? now : Math.min(this.#delayed(now), now + this.#wait());
    return placement;
  }

  /** When `report` has something to say, in ms. `undefined` when there is nothing to say any more. */
  nextReport(): number | undefined {
    return this.body.complete && this.#unreported === 0 ? undefined : this.#dueAt;
  }

  /**
   * What is to be said at `now`, `undefined` when it is nothing yet, `'stale'` when the sender has been silent for so long that the body
   * is to be given up.
   */
  report(now: number): Report | 'stale' | undefined {
    const due = this.nextReport();
    if (due === undefined || now < due) return undefined;
    if (!this.body.complete && now >= this.#lastAt + this.#timing.patience) return 'stale';
    const silence = now >= this.#lastAt + this.#timing.receiveTimeout;
    const report = this.#timing.report === undefined ? this.#ofSets(silence) : this.#ofAll();
    if (silence) this.#silent++;
    this.#unreported = 0;
    this.#dueAt = Math.min(now + this.#wait(), this.#lastAt + this.#timing.patience);
    return report;
  }

  #wantsReport(num: number): boolean {
    const { report } = this.#timing;
    if (report !== undefined) {
      const enough =
        this.body.received <= FIRST_REPORT && this.body.count > FIRST_FLIGHT ? FIRST_REPORT : report.blocks;
      return this.#unreported >= enough || this.body.complete || num === this.body.count - 1;
    }
    // The set that has become whole, or a block of a later one while something before is missing.
    return this.#wholeSets() > this.#confirmed || (this.#setOf(num) > this.#asked && this.#lacksBefore(num));
  }

  /** One report for some blocks, if it is not much later than the first of them. */
  #delayed(now: number): number {
    const { report } = this.#timing;
    if (report === undefined || this.body.count <= FIRST_FLIGHT) return Number.POSITIVE_INFINITY;
    return this.#unreported === 1 ? now + report.delay : Math.min(this.#dueAt, now + report.delay);
  }

  #wait(): number {
    const first = Math.max(this.#timing.receiveTimeout, this.#timing.report === undefined ? 0 : GAPS * this.#gap);
    return Math.min(this.#timing.longestWait, first * 2 ** this.#silent);
  }

  #ofAll(): Report {
    const { body } = this;
    const missing: number[] = [];
    let num = body.firstMissing;
    for (; num < body.end && missing.length < MAX_MISSING; num = body.nextMissing(num + 1)) missing.push(num);
    return { missing, proceed: Math.min(num, body.end) };
  }

  #ofSets(silence: boolean): Report | undefined {
    const { body } = this;
    const whole = this.#wholeSets();
    if (whole > this.#confirmed && !body.complete) {
      this.#confirmed = whole;
      return { missing: [], proceed: whole * this.#timing.maxPayloads };
    }
    if (body.complete) return undefined;
    // After a silence what is missing of the furthest set counts as well.
    const furthest = this.#setOf(Math.max(0, body.end - 1));
    const end = silence
      ? Math.min(body.count, (Math.max(furthest, this.#setOf(body.firstMissing)) + 1) * this.#timing.maxPayloads)
      : furthest * this.#timing.maxPayloads;
    this.#asked = furthest;
    const missing: number[] = [];
    // Section 5: no more of them than MAX_PAYLOADS.
    for (let num = body.firstMissing; num < end && missing.length < this.#timing.maxPayloads; ) {
      missing.push(num);
      num = body.nextMissing(num + 1);
    }
    return missing.length === 0 ? undefined : { missing, proceed: undefined };
  }

  #setOf(num: number): number {
    return Math.floor(num / this.#timing.maxPayloads);
  }

  #wholeSets(): number {
    return this.#setOf(this.body.firstMissing);
  }

  #lacksBefore(num: number): boolean {
    return this.body.firstMissing < this.#setOf(num) * this.#timing.maxPayloads;
  }
}
