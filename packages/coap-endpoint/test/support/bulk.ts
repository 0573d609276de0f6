import type { Link, VirtualTime } from '@lb-matrix/virtual-network';
import type { Flow, Sent } from '../../src/congestion/flow.ts';

export interface BulkOptions {
  /** Of each datagram, in bytes of UDP payload without what encryption adds. Default 1060. */
  readonly payload?: number;
  /** Datagrams of which one report tells. Default 10. */
  readonly reportEvery?: number;
  /** Milliseconds without a datagram after which the receiver reports what it has. Default 30. */
  readonly reportAfter?: number;
  /** Milliseconds without a report after which all that is under way is taken for lost. Default 1000. */
  readonly patience?: number;
}

/** What DTLS adds. */
const RECORD = 20;
const REPORT = 40;

/** Sends datagrams down a link without end as a flow says, to a receiver that reports several at a time. */
export class Bulk {
  /** Bytes on the wire that have arrived, IP headers included; and the datagrams. */
  arrived = 0;
  datagrams = 0;
  sent = 0;
  /** The longest time that a datagram was under way. */
  longest = 0;
  readonly #time: VirtualTime;
  readonly #link: Link;
  readonly #flow: Flow;
  readonly #options: Required<BulkOptions>;
  readonly #underWay: Map<number, Sent> = new Map();
  readonly #received: Set<number> = new Set();
  #highest = -1;
  #unreported = 0;
  #cancelReport: () => void = () => {};
  #cancelSend: () => void = () => {};
  #cancelPatience: () => void = () => {};
  #stopped = false;

  constructor(time: VirtualTime, link: Link, flow: Flow, options: BulkOptions = {}) {
    this.#time = time;
    this.#link = link;
    this.#flow = flow;
    this.#options = { payload: 1060, reportEvery: 10, reportAfter: 30, patience: 1000, ...options };
  }

  start(): void {
    this.#stopped = false;
    this.#send();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelSend();
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  #send(): void {
    this.#cancelSend();
    const { payload, patience } = this.#options;
    for (;;) {
      if (this.#stopped) return;
      const now = this.#time.now();
      const at = this.#flow.sendTime(payload, now);
      if (at === undefined) return;
      if (at > now) {
        // As an alarm of the drivers does it: whole milliseconds.
        this.#cancelSend = this.#time.setTimer(Math.max(1, Math.ceil(at - now)), () => this.#send());
        return;
      }
      const number = this.sent++;
      if (this.#underWay.size === 0) this.#wait(patience);
      this.#underWay.set(number, this.#flow.sent(payload, now));
      this.#link.send('down', payload + RECORD, () => this.#receive(number, now));
    }
  }

  #receive(number: number, sentAt: number): void {
    this.longest = Math.max(this.longest, this.#time.now() - sentAt);
    this.arrived += this.#options.payload + RECORD + 28;
    this.datagrams++;
    this.#received.add(number);
    this.#highest = Math.max(this.#highest, number);
    this.#unreported++;
    this.#cancelReport();
    if (this.#unreported >= this.#options.reportEvery) this.#report();
    else this.#cancelReport = this.#time.setTimer(this.#options.reportAfter, () => this.#report());
  }

  #report(): void {
    this.#unreported = 0;
    const highest = this.#highest;
    this.#link.send('up', REPORT, () => this.#heard(highest));
  }

  #heard(highest: number): void {
    const now = this.#time.now();
    for (const [number, sent] of this.#underWay) {
      if (number > highest) break;
      this.#underWay.delete(number);
      if (this.#received.delete(number)) this.#flow.delivered(sent, now);
      else this.#flow.lost(sent, now);
    }
    this.#wait(this.#options.patience);
    this.#send();
  }

  #wait(patience: number): void {
    this.#cancelPatience();
    this.#cancelPatience = this.#time.setTimer(patience, () => {
      if (this.#underWay.size === 0) return;
      for (const sent of this.#underWay.values()) this.#flow.lost(sent, this.#time.now());
      this.#underWay.clear();
      this.#send();
      // Twice as long each time, as RFC 8085 section 3.1.2 has it.
      this.#wait(2 * patience);
    });
  }
}
