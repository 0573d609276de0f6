import type { ClientPlatform } from './client-platform.ts';

/** Retransmissions without an answer that are taken for a sign. */
const LOST = 2;
/**
 * How long, in milliseconds, there must have been no answer since the first of them: on a fast link two are sent within less than a
 * second, in which a network may well be late.
 */
const SILENT = 4_000;

/** Notices that a server has become silent, by what had to be sent again since it was last heard. */
export class Silence {
  readonly #platform: ClientPlatform;
  readonly #onSilence: () => void;
  /** How many retransmissions there had been when the server was last heard. */
  #heardAt = 0;
  /** The first retransmission since then. */
  #since: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(platform: ClientPlatform, onSilence: () => void) {
    this.#platform = platform;
    this.#onSilence = onSilence;
  }

  /** Something was sent; `retransmissions`: how many there were until now. */
  sent(retransmissions: number): void {
    const lost = retransmissions - this.#heardAt;
    if (lost === 0) return;
    const now = this.#platform.now();
    this.#since ??= now;
    if (lost < LOST) return;
    const rest = this.#since + SILENT - now;
    if (rest <= 0) this.#onSilence();
    else this.#cancel ??= this.#platform.setTimer(rest, this.#onSilence);
  }

  /** Something came from the server. */
  heard(retransmissions: number): void {
    this.#heardAt = retransmissions;
    this.#since = undefined;
    this.stop();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
