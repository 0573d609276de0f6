import type { NonTiming } from '@lb-matrix/blockwise';
import type { Flow, Sent } from '../congestion/flow.ts';

/** Nothing has to be remembered of a datagram. */
const SENT: Sent = {
  bytes: 0,
  at: 0,
  delivered: 0,
  lost: 0,
  deliveredAt: 0,
  firstSentAt: 0,
  isSparse: false,
};

/**
 * The pace of RFC 9177 section 7.2, for peers of which no more is known: MAX_PAYLOADS blocks, then a pause of NON_TIMEOUT_RANDOM unless the
 * peer says before that it has them.
 */
export class SetFlow implements Flow {
  readonly #maxPayloads: number;
  readonly #pause: number;
  /** Of the set at hand: blocks sent, and when the next set may begin. */
  #sent = 0;
  #resumeAt = 0;
  /** Blocks of which nothing was heard. */
  #unheard = 0;

  /** `fraction`, from 0 to 1, chooses NON_TIMEOUT_RANDOM. */
  constructor({ maxPayloads, nonTimeout, nonTimeoutMost }: NonTiming, fraction: number) {
    this.#maxPayloads = maxPayloads;
    this.#pause = nonTimeout + fraction * (nonTimeoutMost - nonTimeout);
  }

  sendTime(_bytes: number, now: number): number {
    if (this.#sent < this.#maxPayloads || now >= this.#resumeAt) return now;
    return this.#resumeAt;
  }

  sent(_bytes: number, now: number): Sent {
    if (this.#sent >= this.#maxPayloads) this.#sent = 0;
    this.#sent++;
    this.#unheard++;
    this.#resumeAt = now + this.#pause;
    return SENT;
  }

  delivered(): void {
    this.#unheard--;
    if (this.#unheard === 0) this.#sent = 0;
  }

  /** What is missing is sent again before the next pause. */
  lost(): void {
    this.#unheard--;
    this.#sent = Math.max(0, this.#sent - 1);
  }

  forgotten(): void {
    this.#unheard--;
  }
}
