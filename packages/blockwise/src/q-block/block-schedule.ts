import { Bitmap } from './bitmap.ts';
import type { Report } from './report.ts';

/** What is learnt of transmissions. `token` is what `sent` was given. */
export interface Outcomes<T> {
  delivered(token: T, now: number): void;
  lost(token: T, now: number): void;
  /** The block is there, but by an earlier transmission: what became of this one is not known. Default: it counts as delivered. */
  superseded?(token: T): void;
}

/** A block is lost when one that was sent so many transmissions later is there (RFC 9002 section 6.1.1). */
const REORDERING = 3;
/** Or when one that was sent later is there and it should have been reported so long ago, in round trips (section 6.1.2). */
const TIME_FACTOR = 9 / 8;
/** What counts until a round trip was measured, in ms. */
const FIRST_ROUND_TRIP = 1000;

/**
 * The sender of a body in Q-Blocks, whichever way it goes: which block is next, which are on their way, there or lost. When they may go is
 * not decided here. It sends in ascending order, what is lost before what was never sent (RFC 9177 sections 4.3 and 7.2).
 */
export class BlockSchedule<T> {
  readonly count: number;
  readonly #here: Bitmap;
  readonly #lost: Bitmap;
  readonly #flying: Bitmap;
  /** Sent more than once: no measure of a round trip (Karn). */
  readonly #repeated: Bitmap;
  /** Of the last transmission of each block: when it was, the how manieth of all it was, and its token. */
  readonly #at: Float64Array;
  readonly #order: Float64Array;
  readonly #tokens: (T | undefined)[] = [];
  #transmissions = 0;
  /** The latest transmission that is known to have arrived. */
  #latest = 0;
  /** All blocks before it are there. */
  #base = 0;
  /** The first one that was never sent. */
  #fresh = 0;
  #roundTrip: number | undefined;
  #shortest = 0;
  #deviation = 0;

  constructor(count: number, roundTrip?: number) {
    this.count = count;
    this.#here = new Bitmap(count);
    this.#lost = new Bitmap(count);
    this.#flying = new Bitmap(count);
    this.#repeated = new Bitmap(count);
    this.#at = new Float64Array(count);
    this.#order = new Float64Array(count);
    this.#roundTrip = roundTrip;
  }

  /** All blocks are known to be there. */
  get done(): boolean {
    return this.#here.count === this.count;
  }

  /** Blocks that are known to be there. */
  get delivered(): number {
    return this.#here.count;
  }

  /** The block that is to be sent next; `undefined` when there is none at present. */
  next(): number | undefined {
    if (this.#lost.count > 0) return this.#lost.nextIn(this.#base);
    return this.#fresh < this.count ? this.#fresh : undefined;
  }

  /** A block was sent. Without `token` nobody asks what became of it. */
  sent(num: number, token: T | undefined, now: number): void {
    if (num >= this.#fresh) this.#fresh = num + 1;
    else this.#repeated.add(num);
    this.#lost.delete(num);
    this.#flying.add(num);
    this.#at[num] = now;
    this.#order[num] = ++this.#transmissions;
    this.#tokens[num] = token;
  }

  /** The time from a block to the report of it, in ms; 1000 until it was measured. */
  get roundTrip(): number {
    return this.#roundTrip ?? FIRST_ROUND_TRIP;
  }

  /** Whether something was sent of which nothing was heard. */
  get waiting(): boolean {
    return this.#flying.count > 0;
  }

  /** Nothing is heard: the first block that is on its way counts as lost, so that it is sent again. */
  probe(outcomes: Outcomes<T>, now: number): void {
    const num = this.#flying.nextIn(this.#base);
    if (num < this.count) this.#gone(num, outcomes, now);
  }

  /** Nobody asks any more what became of the blocks on their way. */
  drop(forget: (token: T) => void): void {
    for (let num = this.#flying.nextIn(this.#base); num < this.#fresh; num = this.#flying.nextIn(num + 1)) {
      const token = this.#takeToken(num);
      if (token !== undefined) forget(token);
    }
  }

  /** Whether this block was sent more than once. */
  repeated(num: number): boolean {
    return this.#repeated.has(num);
  }

  /** Takes what the receiver says. Blocks that were never sent are not its business. */
  take({ missing, proceed }: Report, outcomes: Outcomes<T>, now: number): void {
    // What is not known to be missing up to there is there; without 'Continue' that is all before the last missing one.
    const end = Math.min(this.#fresh, proceed ?? missing.at(-1) ?? 0);
    let index = 0;
    for (let num = this.#here.nextOut(this.#base); num < end; num = this.#here.nextOut(num + 1)) {
      while (index < missing.length && missing[index]! < num) index++;
      if (missing[index] !== num) this.#arrived(num, outcomes, now);
    }
    this.#base = this.#here.nextOut(this.#base);
    for (const num of missing) this.#missed(num, outcomes, now);
    for (let num = this.#flying.nextIn(this.#base); num < this.#fresh; num = this.#flying.nextIn(num + 1)) {
      if (this.#isLost(num, now)) this.#gone(num, outcomes, now);
    }
  }

  #arrived(num: number, outcomes: Outcomes<T>, now: number): void {
    if (!this.#here.add(num)) return;
    this.#lost.delete(num);
    if (!this.#flying.delete(num)) return;
    const age = now - this.#at[num]!;
    if (!this.#repeated.has(num)) this.#measure(age);
    // Of a repeated one it was not the last transmission that arrived when that was a moment ago.
    const isOlder = this.#repeated.has(num) && age < this.#shortest;
    if (!isOlder) this.#latest = Math.max(this.#latest, this.#order[num]!);
    const token = this.#takeToken(num);
    if (token === undefined) return;
    if (isOlder && outcomes.superseded !== undefined) outcomes.superseded(token);
    else outcomes.delivered(token, now);
  }

  /** RFC 9002 section 6.1: only what was sent before something that is there. */
  #isLost(num: number, now: number): boolean {
    const order = this.#order[num]!;
    return order + REORDERING <= this.#latest || (order < this.#latest && this.#overdue(num, now));
  }

  /** Said to be missing: what counted as there, or has been on its way for long, is sent again. */
  #missed(num: number, outcomes: Outcomes<T>, now: number): void {
    if (num >= this.#fresh || !this.#overdue(num, now)) return;
    if (this.#flying.has(num)) this.#gone(num, outcomes, now);
    if (!this.#here.has(num)) return;
    this.#here.delete(num);
    this.#lost.add(num);
    this.#base = Math.min(this.#base, num);
  }

  #gone(num: number, outcomes: Outcomes<T>, now: number): void {
    this.#flying.delete(num);
    this.#lost.add(num);
    const token = this.#takeToken(num);
    if (token !== undefined) outcomes.lost(token, now);
  }

  #takeToken(num: number): T | undefined {
    const token = this.#tokens[num];
    this.#tokens[num] = undefined;
    return token;
  }

  #overdue(num: number, now: number): boolean {
    const wait = (this.#roundTrip ?? FIRST_ROUND_TRIP) * TIME_FACTOR + this.#deviation;
    return now - this.#at[num]! > wait;
  }

  /** RFC 6298 section 2, of the time from a block to the report of it. */
  #measure(sample: number): void {
    if (this.#roundTrip === undefined || this.#shortest === 0) {
      this.#roundTrip = sample;
      this.#shortest = sample;
      return;
    }
    this.#deviation += (Math.abs(sample - this.#roundTrip) - this.#deviation) / 4;
    this.#roundTrip += (sample - this.#roundTrip) / 8;
    this.#shortest = Math.min(this.#shortest, sample);
  }
}
