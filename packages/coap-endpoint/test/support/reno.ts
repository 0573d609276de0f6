import type { Link, VirtualTime } from '@lb-matrix/virtual-network';

const SEGMENT = 1448;
/** IPv4 and TCP headers with timestamps. */
const HEADERS = 52;
/** RFC 6928. */
const INITIAL_WINDOW = 10;
/** Linux's; RFC 6298 section 2.4 would be slower still. */
const MIN_RTO = 200;

/** A TCP sender of the textbooks with data without end down a link: Reno (RFC 5681) with NewReno's recovery (RFC 6582). */
export class Reno {
  /** Segments that have arrived in order. */
  arrived = 0;
  readonly #time: VirtualTime;
  readonly #link: Link;
  #window = INITIAL_WINDOW;
  #threshold = Number.POSITIVE_INFINITY;
  #next = 0;
  #acknowledged = 0;
  #duplicates = 0;
  /** Recovery lasts until this has been acknowledged. */
  #recover: number | undefined;
  #smoothed: number | undefined;
  #variance = 0;
  #backOff = 1;
  readonly #sentAt: Map<number, number> = new Map();
  readonly #outOfOrder: Set<number> = new Set();
  #cancelTimer: () => void = () => {};

  constructor(time: VirtualTime, link: Link) {
    this.#time = time;
    this.#link = link;
  }

  start(): void {
    this.#send();
  }

  /** Bytes on the wire that have arrived in order, headers included. */
  get bytes(): number {
    return this.arrived * (SEGMENT + HEADERS);
  }

  #send(): void {
    const limit = this.#acknowledged + Math.floor(this.#window);
    while (this.#next < limit) this.#transmit(this.#next++);
  }

  #transmit(number: number): void {
    // Karn: no sample of what was sent twice.
    if (this.#sentAt.has(number)) this.#sentAt.set(number, Number.NaN);
    else this.#sentAt.set(number, this.#time.now());
    if (number === this.#acknowledged) this.#arm();
    this.#link.packet('down', SEGMENT + HEADERS, () => this.#receive(number));
  }

  #receive(number: number): void {
    if (number >= this.arrived) this.#outOfOrder.add(number);
    while (this.#outOfOrder.delete(this.arrived)) this.arrived++;
    const acknowledged = this.arrived;
    this.#link.packet('up', HEADERS, () => this.#heard(acknowledged));
  }

  #heard(acknowledged: number): void {
    if (acknowledged > this.#acknowledged) this.#progress(acknowledged);
    else if (acknowledged === this.#acknowledged && this.#next > acknowledged) this.#duplicate();
    this.#send();
  }

  #progress(acknowledged: number): void {
    const count = acknowledged - this.#acknowledged;
    this.#sample(this.#sentAt.get(acknowledged - 1)!);
    for (let number = this.#acknowledged; number < acknowledged; number++) this.#sentAt.delete(number);
    this.#acknowledged = acknowledged;
    this.#next = Math.max(this.#next, acknowledged);
    this.#backOff = 1;
    this.#duplicates = 0;
    if (this.#recover === undefined) {
      if (this.#window < this.#threshold) this.#window += count;
      else this.#window += count / this.#window;
    } else if (acknowledged >= this.#recover) {
      this.#recover = undefined;
      this.#window = this.#threshold;
    } else {
      // RFC 6582 section 3.2: a partial acknowledgement shows the next hole.
      this.#window = Math.max(1, this.#window - count + 1);
      this.#transmit(acknowledged);
    }
    this.#arm();
  }

  #duplicate(): void {
    this.#duplicates++;
    if (this.#recover !== undefined) this.#window++;
    else if (this.#duplicates === 3) {
      this.#threshold = Math.max(2, (this.#next - this.#acknowledged) / 2);
      this.#recover = this.#next;
      this.#window = this.#threshold + 3;
      this.#transmit(this.#acknowledged);
    }
  }

  /** RFC 6298 section 2. */
  #sample(sentAt: number): void {
    if (Number.isNaN(sentAt)) return;
    const took = this.#time.now() - sentAt;
    if (this.#smoothed === undefined) {
      this.#smoothed = took;
      this.#variance = took / 2;
      return;
    }
    this.#variance = 0.75 * this.#variance + 0.25 * Math.abs(this.#smoothed - took);
    this.#smoothed = 0.875 * this.#smoothed + 0.125 * took;
  }

  #arm(): void {
    this.#cancelTimer();
    const wait = this.#smoothed === undefined ? 1000 : Math.max(MIN_RTO, this.#smoothed + 4 * this.#variance);
    this.#cancelTimer = this.#time.setTimer(wait * this.#backOff, () => {
      if (this.#next === this.#acknowledged) return;
      this.#threshold = Math.max(2, (this.#next - this.#acknowledged) / 2);
      this.#window = 1;
      this.#recover = undefined;
      this.#duplicates = 0;
      this.#backOff *= 2;
      // RFC 5681 section 3.1: goes on from what is missing.
      this.#next = this.#acknowledged;
      this.#transmit(this.#next++);
    });
  }
}
