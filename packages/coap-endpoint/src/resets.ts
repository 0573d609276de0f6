import { Type } from '@lb-matrix/coap-codec';
import type { MessageLayer } from './message-layer.ts';
import type { EndpointStats } from './stats.ts';

/** Resets that may go out one right after the other. */
const BURST = 64;
/** To pings one more comes free each second whatever happens; to what is of no use here one in ten. In milliseconds. */
const PONG_INTERVAL = 1000;
const REJECTION_INTERVAL = 10_000;
/**
 * How long there must be nothing to reject after all have gone out, in milliseconds: longer than between two
 * transmissions of one message (24 s at most, RFC 7252 section 4.8.2; 32 s between ends that measure), so that the
 * peer has given that up.
 */
const QUIET = 60_000;

/**
 * The Resets to a peer, bounded. Peers exist that answer a Reset with another message that is of no use (go-coap 3: with a
 * 4.04), so that only silence ends it, which RFC 7252 sections 4.2 and 4.3 allow.
 */
export class Resets {
  readonly #layer: MessageLayer;
  readonly #stats: EndpointStats;
  readonly #pongs: Limit = new Limit(PONG_INTERVAL, 0);
  readonly #rejections: Limit = new Limit(REJECTION_INTERVAL, QUIET);

  constructor(layer: MessageLayer, stats: EndpointStats) {
    this.#layer = layer;
    this.#stats = stats;
  }

  /** Answers a ping (section 4.3). */
  answer(messageId: number, now: number): void {
    if (this.#pongs.take(now)) this.#layer.transmitEmpty(Type.RST, messageId);
    else this.#stats.dropped++;
  }

  /** Rejects a message that is malformed, or that nobody here has a use for. */
  reject(messageId: number, now: number): void {
    this.#stats.dropped++;
    if (this.#rejections.take(now)) this.#layer.transmitEmpty(Type.RST, messageId);
  }
}

/** A bucket of `BURST` tokens. One that was emptied is only filled again when nobody has asked for `quiet`. */
class Limit {
  readonly #interval: number;
  readonly #quiet: number;
  #left = BURST;
  #at = 0;

  constructor(interval: number, quiet: number) {
    this.#interval = interval;
    this.#quiet = quiet;
  }

  take(now: number): boolean {
    const waited = now - this.#at;
    this.#at = now;
    if (this.#left >= 1 || waited >= this.#quiet) {
      this.#left = Math.min(BURST, this.#left + waited / this.#interval);
    }
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
