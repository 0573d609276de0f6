import type { Platform } from '@lb-matrix/coap-endpoint';

const FIRST = 1000;
const LONGEST = 60_000;
/** The longest that a homeserver can send us away for, in milliseconds. */
const LONGEST_WISH = 3_600_000;

/** How long to leave a homeserver alone that has failed: twice as long each time, from a second to a minute. */
export class BackOff {
  readonly #platform: Pick<Platform, 'randomBytes'>;
  #ceiling = FIRST;

  constructor(platform: Pick<Platform, 'randomBytes'>) {
    this.#platform = platform;
  }

  /**
   * The next pause in milliseconds, at random from the upper half, so that not all observers come back together.
   *
   * @param wish - what the homeserver asks for, in seconds
   */
  next(wish = 0): number {
    const ceiling = this.#ceiling;
    this.#ceiling = Math.min(ceiling * 2, LONGEST);
    const random = ceiling / 2 + (this.#platform.randomBytes(1)[0]! / 256) * (ceiling / 2);
    return Math.max(random, Math.min(wish * 1000, LONGEST_WISH));
  }

  reset(): void {
    this.#ceiling = FIRST;
  }
}

/** Resolves after `ms` milliseconds, or when the signal is aborted. */
export function pause(platform: Pick<Platform, 'setTimer'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = platform.setTimer(ms, end);
    signal.addEventListener('abort', end);
  });
}
