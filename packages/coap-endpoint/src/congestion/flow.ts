import { DeliveryRate, type SentDatagram } from './delivery-rate.ts';
import { LossMeter } from './loss-meter.ts';
import { Pacer } from './pacer.ts';
import { Phase } from './phase.ts';
import { RoundTripFloor } from './round-trip-floor.ts';
import { WindowedMax } from './windowed-max.ts';

/** A datagram under way, for the flow that it belongs to. It is given back exactly once: `delivered`, `lost` or `forgotten`. */
export type Sent = SentDatagram;

/**
 * Says when the datagrams of bodies may leave (RFC 8085 section 3.1), one for all bodies of a session in a direction. Times are
 * monotonic milliseconds, sizes bytes of what the pipe is given.
 */
export interface Flow {
  /** When a datagram of this size may leave: now, or later; `undefined`: not before something is heard of those under way. */
  sendTime(bytes: number, now: number): number | undefined;
  /** It has left. */
  sent(bytes: number, now: number): Sent;
  /** The peer has said that it has it. All that one message of the peer says has the same `now`. */
  delivered(sent: Sent, now: number): void;
  /** The peer has said that it misses it, or has not said anything for too long. */
  lost(sent: Sent, now: number): void;
  /** Nobody will ask what became of it. */
  forgotten(sent: Sent): void;
}

export interface FlowOptions {
  /** Numbers from 0 to below 1: flows that begin together are not to stay in step. */
  readonly random: () => number;
  /** A round trip that was measured already, in milliseconds. */
  readonly roundTrip?: number | undefined;
  /** Bytes that a datagram has on the wire beside what the pipe is given. Default 48: IPv4, UDP and a record of DTLS 1.3. */
  readonly overhead?: number | undefined;
}

/** RFC 6928: so many datagrams may leave before anything is heard. */
const INITIAL_WINDOW = 10;
/** The least window in datagrams (draft-ietf-ccwg-bbr, BBRMinPipeCwnd), and that where nothing arrives any more. */
const MIN_WINDOW = 4;
const SILENT_WINDOW = 2;
/** The first datagrams leave within this part of a round trip, and how long that is taken for where it is not known. */
const INITIAL_PART = 1 / 4;
const ASSUMED_ROUND_TRIP = 200;
/** Rounds for which the best rate counts: more than those between two tries for more (BBR, MaxBwFilterLen). */
const RATE_ROUNDS = 10;
/** A little below what the network carries, so that its queue does not grow (BBRPacingMarginPercent). */
const MARGIN = 0.99;
/** What stays of the rate after congestion (RFC 9438 section 4.6). */
const BACK_OFF = 0.7;
/** So much of all may get lost without a queue and count as carried: by a radio, which is as busy with it as with the rest. */
const RADIO_LOSS = 0.2;
/** A round trip longer than this many of the shortest, and some datagrams, shows a queue; in startup, one that is full enough. */
const QUEUE = 1.25;
const FULL_QUEUE = 1.5;
/** What timers and schedulers add to a round trip, in milliseconds. */
const GRANULARITY = 5;
/** In startup: so many times the rate of whole rounds may reports follow each other, and so much of what that shows may be under way. */
const MAX_TRAIN = 3;
const TRAIN_WINDOW = 1.25;
/** A pause after which the network may be another, in milliseconds. */
const LONG_PAUSE = 10_000;
/** Of feedback that tells of more datagrams at once than this, the rest was late. */
const MAX_BURST = 32;

/**
 * A flow that goes by the rate at which the network delivers and by the round trip without queues, as BBR does
 * (draft-ietf-ccwg-bbr), not by loss alone: radio links lose what no queue has dropped. Loss beside a queue is congestion, and so is
 * too much of it.
 */
export function createFlow(options: FlowOptions, now: number): Flow {
  return new RateFlow(options, now);
}

class RateFlow implements Flow {
  readonly #overhead: number;
  readonly #rate: DeliveryRate = new DeliveryRate();
  readonly #best: WindowedMax = new WindowedMax(RATE_ROUNDS);
  /** What one report of the peer tells of at most: so much more is under way than the network holds. */
  readonly #burst: WindowedMax = new WindowedMax(RATE_ROUNDS);
  readonly #losses: LossMeter = new LossMeter();
  readonly #pacer: Pacer = new Pacer();
  readonly #floor: RoundTripFloor;
  readonly #phase: Phase;
  /** The longest datagram so far, overhead included. */
  #size = 0;
  #round = 0;
  #roundEnd = 0;
  #roundShortest = Number.POSITIVE_INFINITY;
  /** When this round's first report came, and what had been delivered with it. */
  #roundFirst: { at: number; delivered: number } = { at: Number.POSITIVE_INFINITY, delivered: 0 };
  /** The highest rate between reports of a round, in startup. */
  #fastest = 0;
  /** The report that is being told. */
  #report: { at: number; bytes: number; shortest: number } = { at: Number.NEGATIVE_INFINITY, bytes: 0, shortest: 0 };
  /** `sendTime` has said that nothing may leave. */
  #isBlocked = false;
  #lastSent: number;

  constructor({ random, roundTrip, overhead = 48 }: FlowOptions, now: number) {
    this.#overhead = overhead;
    this.#phase = new Phase(random);
    this.#floor = new RoundTripFloor(roundTrip, now);
    this.#lastSent = now;
  }

  sendTime(bytes: number, now: number): number | undefined {
    const size = bytes + this.#overhead;
    this.#isBlocked = this.#rate.inFlight > 0 && this.#rate.inFlight + size > this.#window(size);
    return this.#isBlocked ? undefined : Math.max(now, this.#pacer.next);
  }

  sent(bytes: number, now: number): Sent {
    const size = bytes + this.#overhead;
    if (this.#rate.inFlight === 0 && now - this.#lastSent > LONG_PAUSE) this.#restart(now);
    // It might have left before: the sender had nothing to say, so what arrives says little of the network.
    else if (!this.#isBlocked && now > Math.max(this.#pacer.next, this.#report.at) + GRANULARITY) {
      this.#rate.markSparse();
    }
    this.#size = Math.max(this.#size, size);
    this.#lastSent = now;
    this.#pacer.sent(size, this.#pace, now);
    return this.#rate.send(size, now);
  }

  delivered(sent: Sent, now: number): void {
    const { bytes, at, isSparse, delivered } = sent;
    if (this.#losses.isSilent) this.#restart(now);
    this.#losses.delivered();
    this.#reported(bytes, now - at, now);
    const rate = this.#rate.deliver(sent, this.#isQueue ? 0 : RADIO_LOSS, this.#floor.value ?? 0, now);
    if (rate !== undefined && (!isSparse || rate > this.#best.value)) this.#best.add(rate, this.#round);
    if (delivered >= this.#roundEnd) this.#roundOver(isSparse, now);
    if (this.#phase.kind === 'startup') this.#measureTrain(now);
    this.#proceed(now);
  }

  lost(sent: Sent, _now: number): void {
    this.#losses.lost();
    this.#rate.lose(sent);
  }

  forgotten(sent: Sent): void {
    this.#rate.forget(sent);
  }

  /** Bytes a millisecond. */
  get #pace(): number {
    const best = this.#best.value;
    if (best === 0) {
      const roundTrip = this.#floor.value ?? ASSUMED_ROUND_TRIP;
      return (INITIAL_WINDOW * this.#size) / Math.max(1, roundTrip * INITIAL_PART);
    }
    const { pace } = this.#phase.gains;
    return this.#phase.kind === 'startup' ? pace * Math.max(best, this.#train) : best * pace * MARGIN;
  }

  /**
   * In startup, the rate at which reports came one after the other: the round trip before the first one is not in it, so it shows more
   * of the link, as long as that is not too much to be true.
   */
  get #train(): number {
    return this.#phase.kind === 'startup' ? Math.min(this.#fastest, MAX_TRAIN * this.#best.value) : 0;
  }

  /** Bytes that may be under way. */
  #window(size: number): number {
    const longest = Math.max(this.#size, size);
    if (this.#losses.isSilent) return SILENT_WINDOW * longest;
    const least = this.#phase.kind === 'startup' ? INITIAL_WINDOW : MIN_WINDOW;
    const rate = Math.max(this.#phase.gains.window * this.#best.value, TRAIN_WINDOW * this.#train);
    return Math.max(rate * (this.#floor.value ?? 0) + this.#burstBytes, least * longest);
  }

  /** Bytes that are under way on a busy link without a queue. */
  get #product(): number {
    return this.#best.value * (this.#floor.value ?? 0);
  }

  get #burstBytes(): number {
    return Math.min(MAX_BURST * this.#size, this.#burst.value);
  }

  /** The newest report shows a queue. Feedback tells of the last of several datagrams soonest, and that had to pass those before it. */
  get #isQueue(): boolean {
    return this.#report.shortest > this.#roundTripWith(QUEUE);
  }

  #roundTripWith(queue: number): number {
    const floor = this.#floor.value ?? Number.POSITIVE_INFINITY;
    const datagram = this.#best.value > 0 ? this.#size / this.#best.value : 0;
    return floor * queue + 2 * datagram + GRANULARITY;
  }

  #reported(bytes: number, roundTrip: number, now: number): void {
    const report = this.#report;
    if (report.at !== now) this.#report = { at: now, bytes, shortest: roundTrip };
    else {
      report.bytes += bytes;
      report.shortest = Math.min(report.shortest, roundTrip);
    }
    this.#burst.add(this.#report.bytes, this.#round);
    this.#roundShortest = Math.min(this.#roundShortest, roundTrip);
    this.#floor.add(roundTrip, now);
  }

  /** What was sent after the last round had ended has arrived: so long ago is one round trip. */
  #roundOver(isSparse: boolean, now: number): void {
    const isFull = this.#roundShortest > this.#roundTripWith(FULL_QUEUE);
    // A queue that stood all the time, and loss: it was full. Others back off now, so does this.
    const isOverflow = this.#losses.takeRound() > 0 && this.#roundShortest > this.#roundTripWith(QUEUE);
    if (this.#losses.isTooMuch() || (isOverflow && this.#phase.kind === 'cruise')) this.#backOff(now);
    else this.#phase.roundOver(this.#best.value, isFull, isSparse);
    this.#round++;
    this.#roundEnd = this.#rate.delivered;
    this.#roundFirst = { at: now, delivered: this.#rate.delivered };
    if (this.#phase.kind !== 'floor') this.#roundShortest = Number.POSITIVE_INFINITY;
  }

  #measureTrain(now: number): void {
    const first = this.#roundFirst;
    const { delivered } = this.#rate;
    if (first.at === now) first.delivered = delivered;
    else if (now - first.at >= GRANULARITY) {
      this.#fastest = Math.max(this.#fastest, (delivered - first.delivered) / (now - first.at));
    }
  }

  #proceed(now: number): void {
    const floor = this.#floor.value ?? 0;
    const { inFlight } = this.#rate;
    if (this.#phase.kind === 'floor') {
      if (!this.#phase.hasFoundFloor(inFlight <= this.#window(0), floor, now)) return;
      this.#floor.renew(this.#roundShortest, now);
      this.#phase.cruise(now);
    } else if (this.#phase.kind === 'cruise' && this.#floor.isOld(now)) {
      this.#phase.findFloor();
      this.#roundShortest = Number.POSITIVE_INFINITY;
    } else this.#phase.proceed({ floor, inFlight, target: this.#product + this.#burstBytes }, now);
  }

  #backOff(now: number): void {
    this.#best.reset(this.#best.value * BACK_OFF, this.#round);
    this.#phase.cruise(now);
  }

  #restart(now: number): void {
    this.#best.reset(0, this.#round);
    this.#fastest = 0;
    this.#losses.restart();
    this.#phase.restart();
    this.#floor.renew(undefined, now);
  }
}
