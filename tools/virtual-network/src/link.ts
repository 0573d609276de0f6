import { fragments } from './fragments.ts';
import { seeded } from './seeded.ts';

/** The clock of a link. */
export interface LinkClock {
  now(): number;
  setTimer(ms: number, fn: () => void): () => void;
}

/** Towards the server, and from it. */
export type Direction = 'up' | 'down';

/** One direction of a link. */
export interface DirectionOptions {
  /** Bits a second of IP packets. Default: no limit. */
  readonly rate?: number;
  /** Milliseconds that a packet is under way once it has been sent. Default 0. */
  readonly delay?: number;
}

/** What a link does to packets. */
export interface LinkOptions {
  readonly up?: DirectionOptions;
  readonly down?: DirectionOptions;
  /** The share of IP packets that gets lost, each way, from 0 to 1. Default 0. */
  readonly loss?: number;
  /** The longest IP packet; longer datagrams go in fragments. Default 1500. */
  readonly mtu?: number;
  /**
   * The packets that a direction holds, those under way included; more are lost, and take their time on the wire all the same. Default
   * 50.
   */
  readonly queuePackets?: number;
  /** Chooses what gets lost. Default 1. */
  readonly seed?: number;
}

/** What was sent in one direction; the lost ones are counted. */
export interface Counts {
  readonly datagrams: number;
  /** IP packets: fragments count. */
  readonly packets: number;
  readonly ipBytes: number;
  readonly lost: number;
}

/** A direction at work. */
interface Wire {
  readonly options: DirectionOptions;
  readonly counts: { -readonly [K in keyof Counts]: Counts[K] };
  /** When it has sent all that it was given. */
  free: number;
  held: number;
}

/**
 * A link in virtual time: what `tun_link.py` of tools/long does to real packets, by the same rules in the same order. Of the same seed
 * the same run.
 */
export class Link {
  readonly #clock: LinkClock;
  readonly #random: () => number;
  readonly #loss: number;
  readonly #mtu: number;
  readonly #queuePackets: number;
  readonly #wires: Readonly<Record<Direction, Wire>>;

  constructor(
    clock: LinkClock,
    { up = {}, down = {}, loss = 0, mtu = 1500, queuePackets = 50, seed = 1 }: LinkOptions,
  ) {
    this.#clock = clock;
    this.#random = seeded(seed);
    this.#loss = loss;
    this.#mtu = mtu;
    this.#queuePackets = queuePackets;
    this.#wires = { up: wire(up), down: wire(down) };
  }

  /** Sends a UDP datagram with so many bytes of payload; `arrive` is called when all of it is there, if that happens. */
  send(direction: Direction, payload: number, arrive: () => void): void {
    const { counts } = this.#wires[direction];
    counts.datagrams++;
    const sizes = fragments(payload, this.#mtu);
    let missing = sizes.length;
    for (const size of sizes) {
      this.packet(direction, size, () => {
        missing--;
        if (missing === 0) arrive();
      });
    }
  }

  /** Sends one IP packet of so many bytes, headers included. */
  packet(direction: Direction, size: number, arrive: () => void): void {
    const wire = this.#wires[direction];
    const { rate, delay = 0 } = wire.options;
    const now = this.#clock.now();
    const lost = (this.#loss > 0 && this.#random() < this.#loss) || wire.held >= this.#queuePackets;
    wire.counts.packets++;
    wire.counts.ipBytes += size;
    wire.free = Math.max(wire.free, now) + (rate === undefined ? 0 : (8000 * size) / rate);
    if (lost) {
      wire.counts.lost++;
      return;
    }
    wire.held++;
    this.#clock.setTimer(wire.free + delay - now, () => {
      wire.held--;
      arrive();
    });
  }

  /** What was sent so far. */
  counts(direction: Direction): Counts {
    return { ...this.#wires[direction].counts };
  }
}

function wire(options: DirectionOptions): Wire {
  return { options, counts: { datagrams: 0, packets: 0, ipBytes: 0, lost: 0 }, free: 0, held: 0 };
}
