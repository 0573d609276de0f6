import type { Transmit } from '../../src/engine-options.ts';

/** The contract of every engine with its driver. */
export interface Engine {
  receive(datagram: Uint8Array, path: string, now: number): void;
  handleTimeout(now: number): void;
  pollTimeout(): number | undefined;
  pollTransmit(out: Uint8Array): Transmit | undefined;
}

/** How the links treat datagrams: probabilities from 0 to 1, times in milliseconds. */
export interface Weather {
  readonly loss?: number;
  readonly duplication?: number;
  /** One byte of the datagram gets another value. */
  readonly corruption?: number;
  readonly latency?: number;
  /** Up to this much is added to the latency of each datagram, so that they overtake each other. */
  readonly jitter?: number;
}

/** A datagram as it was sent. */
export interface Sent {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly datagram: Uint8Array;
}

interface Delivery extends Sent {
  readonly arrival: number;
}

interface Node {
  readonly engine: Engine;
  /** Called after each step of the engine. */
  readonly pump: (now: number) => void;
}

/** Engines on links with weather, in virtual time. The same seed makes the same run. */
export class VirtualNetwork {
  now = 0;
  weather: Weather;
  /** Everything that was sent, lost or not. */
  readonly sent: Sent[] = [];
  /** Datagrams for which this is true are lost. */
  filter: (sent: Sent) => boolean = () => false;
  /** What arrives in place of what was sent: somebody on the way. */
  rewrite: (sent: Sent) => Uint8Array = ({ datagram }) => datagram;
  readonly #random: () => number;
  readonly #nodes = new Map<string, Node>();
  #onTheWay: Delivery[] = [];
  readonly #out = new Uint8Array(65_536);

  constructor(seed: number, weather: Weather = {}) {
    this.#random = seededRandom(seed);
    this.weather = weather;
  }

  /** Adds an engine at an address; `pump` takes its events. */
  add(address: string, engine: Engine, pump: (now: number) => void): void {
    this.#nodes.set(address, { engine, pump });
    this.#settle();
  }

  /** A node is at another address now, and does not know it; what is on the way to the old one gets lost. */
  move(address: string, to: string): void {
    this.#nodes.set(to, this.#nodes.get(address)!);
    this.#nodes.delete(address);
  }

  remove(address: string): void {
    this.#nodes.delete(address);
  }

  /** Puts a datagram on the way, as if `from` had sent it; it is not lost. */
  inject(from: string, to: string, datagram: Uint8Array): void {
    this.#onTheWay.push({ at: this.now, from, to, datagram, arrival: this.now });
  }

  /** Runs until `done`, until nothing is left to happen, or until the time is `deadline`. */
  run(deadline: number, done: () => boolean = () => false): void {
    this.#settle();
    while (!done()) {
      const next = this.#nextTime();
      if (next === undefined || next > deadline) break;
      this.now = Math.max(this.now, next);
      this.#deliver();
      for (const { engine } of this.#nodes.values()) {
        const timeout = engine.pollTimeout();
        if (timeout !== undefined && timeout <= this.now) engine.handleTimeout(this.now);
      }
      this.#settle();
    }
    if (!done()) this.now = Math.max(this.now, deadline);
  }

  #nextTime(): number | undefined {
    const timeouts = [...this.#nodes.values()].map(({ engine }) => engine.pollTimeout());
    const times = [...timeouts, ...this.#onTheWay.map(({ arrival }) => arrival)].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #deliver(): void {
    const due = this.#onTheWay.filter(({ arrival }) => arrival <= this.now).sort((a, b) => a.arrival - b.arrival);
    this.#onTheWay = this.#onTheWay.filter(({ arrival }) => arrival > this.now);
    for (const { from, to, datagram } of due) {
      const node = this.#nodes.get(to);
      node?.engine.receive(datagram, from, this.now);
      node?.pump(this.now);
      this.#flush();
    }
  }

  #settle(): void {
    for (const { pump } of this.#nodes.values()) pump(this.now);
    this.#flush();
  }

  #flush(): void {
    for (const [address, { engine }] of this.#nodes) {
      for (let sent = engine.pollTransmit(this.#out); sent !== undefined; sent = engine.pollTransmit(this.#out)) {
        this.#send({ at: this.now, from: address, to: sent.path, datagram: this.#out.slice(0, sent.length) });
      }
    }
  }

  #send(sent: Sent): void {
    this.sent.push(sent);
    const { loss = 0, duplication = 0 } = this.weather;
    if (this.filter(sent) || this.#random() < loss) return;
    this.#launch(sent);
    if (this.#random() < duplication) this.#launch(sent);
  }

  #launch(sent: Sent): void {
    const { corruption = 0, latency = 20, jitter = 0 } = this.weather;
    const whole = this.rewrite(sent);
    const datagram = this.#random() < corruption ? this.#corrupt(whole) : whole;
    this.#onTheWay.push({ ...sent, datagram, arrival: this.now + latency + this.#random() * jitter });
  }

  #corrupt(datagram: Uint8Array): Uint8Array {
    const damaged = datagram.slice();
    const at = Math.floor(this.#random() * damaged.length);
    damaged[at] = (damaged[at]! + 1 + Math.floor(this.#random() * 255)) & 0xff;
    return damaged;
  }
}

/** Numbers from 0 to 1 that repeat with the seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
