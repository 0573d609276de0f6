/** So many datagrams say enough about how many get lost: of 20 with every tenth lost seven or more are missing once in 400 times. */
const ENOUGH = 20;
/** More than this share is no noise of a radio any more. */
const TOO_MUCH = 0.3;
/** So many one after the other, and none arrives. */
const NONE_ARRIVES = 10;

/** Counts what gets lost. */
export class LossMeter {
  #delivered = 0;
  #lost = 0;
  #row = 0;
  #inRound = 0;

  /** Nothing has arrived of the last datagrams. */
  get isSilent(): boolean {
    return this.#row >= NONE_ARRIVES;
  }

  delivered(): void {
    this.#delivered++;
    this.#row = 0;
  }

  lost(): void {
    this.#lost++;
    this.#row++;
    this.#inRound++;
  }

  /** How many got lost since it was asked last. */
  takeRound(): number {
    const count = this.#inRound;
    this.#inRound = 0;
    return count;
  }

  /** Asked once a round: whether too much got lost of what has been sent since it could last be told. */
  isTooMuch(): boolean {
    const all = this.#delivered + this.#lost;
    if (all < ENOUGH) return false;
    const isTooMuch = this.#lost > TOO_MUCH * all;
    this.#delivered = 0;
    this.#lost = 0;
    return isTooMuch;
  }

  /** Forgets all of it. */
  restart(): void {
    this.#delivered = 0;
    this.#lost = 0;
    this.#row = 0;
  }
}
