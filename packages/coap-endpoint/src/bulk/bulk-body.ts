import { BlockSchedule, type Outcomes, type Report } from '@lb-matrix/blockwise';
import type { Sent } from '../congestion/flow.ts';
import type { Deadlines } from '../deadlines.ts';
import type { Timer } from '../message-layer.ts';
import { type BlockSource, BlockTemplate } from './block-template.ts';

/** How long a body is kept of which the peer says nothing, in milliseconds: NON_PARTIAL_TIMEOUT (RFC 9177 section 7.2). */
const SILENCE = 247_000;
/** How long nothing may be heard of what was sent, in round trips and in milliseconds, until a block is sent again to ask. */
const PROBE_ROUND_TRIPS = 2;
const PROBE_LEAST = 500;
const MAX_PROBES = 6;

/** A body on its way to the peer, and the one timer that it has. */
export class BulkBody implements Timer {
  readonly token: Uint8Array;
  readonly etag: Uint8Array | undefined;
  /** One block may leave whatever the flow says. */
  probing = false;
  readonly #schedule: BlockSchedule<Sent>;
  readonly #template: BlockTemplate;
  readonly #timers: Deadlines<Timer>;
  readonly #outcomes: Outcomes<Sent>;
  readonly #probes: boolean;
  readonly #forget: (sent: Sent) => void;
  readonly #silent: (body: BulkBody, now: number) => void;
  #heardAt: number;
  #probed = 0;

  /** `probes`: asks by a block what became of the others. `forget`: nobody asks any more what became of it. `silent`: nothing was heard of it for too long. */
  constructor(
    parts: {
      readonly source: BlockSource;
      readonly option: number;
      readonly token: Uint8Array;
      readonly etag: Uint8Array | undefined;
      readonly roundTrip: number | undefined;
      readonly probes: boolean;
      readonly timers: Deadlines<Timer>;
      readonly outcomes: Outcomes<Sent>;
      readonly forget: (sent: Sent) => void;
      readonly silent: (body: BulkBody, now: number) => void;
    },
    now: number,
  ) {
    this.token = parts.token;
    this.etag = parts.etag;
    this.#schedule = new BlockSchedule(parts.source.count, parts.roundTrip);
    this.#template = new BlockTemplate(parts.source, parts.token, parts.option);
    this.#timers = parts.timers;
    this.#outcomes = parts.outcomes;
    this.#probes = parts.probes;
    this.#forget = parts.forget;
    this.#silent = parts.silent;
    this.#heardAt = now;
  }

  /** The peer has all of it. */
  get done(): boolean {
    return this.#schedule.done;
  }

  /** Something of it is to be sent, or the peer is still asked what it has. */
  get busy(): boolean {
    return this.next() !== undefined || this.#asks;
  }

  /** Blocks that the peer has. */
  get delivered(): number {
    return this.#schedule.delivered;
  }

  /** The first message has not been sent again as a block, so that what the peer has of it came in that message. */
  get firstArrived(): boolean {
    return !this.#schedule.repeated(0);
  }

  /** The block that is to be sent next; `undefined` when there is none, or nobody has answered for so long. */
  next(): number | undefined {
    return this.#probed < MAX_PROBES || this.probing ? this.#schedule.next() : undefined;
  }

  lengthOf(num: number): number {
    return this.#template.lengthOf(num);
  }

  write(num: number, messageId: number, out: Uint8Array): number {
    return this.#template.write(num, messageId, out);
  }

  sent(num: number, token: Sent, now: number): void {
    this.probing = false;
    this.#schedule.sent(num, token, now);
    this.#setTimer(now);
  }

  take(report: Report, now: number): void {
    this.#heardAt = now;
    this.#probed = 0;
    this.#schedule.take(report, this.#outcomes, now);
    this.#setTimer(now);
  }

  fire(now: number): void {
    if (now >= this.#heardAt + SILENCE) {
      this.#silent(this, now);
      return;
    }
    if (this.#asks) {
      this.#probed++;
      this.#schedule.probe(this.#outcomes, now);
      this.probing = true;
      // What became of the others will hardly be known. They are not to take the place of other bodies' blocks.
      if (this.#probed === MAX_PROBES) this.#schedule.drop(this.#forget);
    }
    this.#setTimer(now);
  }

  /** Ends it. */
  end(): void {
    this.#timers.delete(this);
    this.#schedule.drop(this.#forget);
  }

  get #asks(): boolean {
    return this.#probes && this.#schedule.waiting && this.#probed < MAX_PROBES;
  }

  #setTimer(now: number): void {
    const silence = this.#heardAt + SILENCE;
    const wait = Math.max(PROBE_LEAST, PROBE_ROUND_TRIPS * this.#schedule.roundTrip) * 2 ** this.#probed;
    this.#timers.set(this, this.#asks ? Math.min(silence, now + wait) : silence);
  }
}
