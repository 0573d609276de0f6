import { MappingError } from '@lb-matrix/msc3079-mapper';
import type { ClientPlatform } from './client-platform.ts';

/** How long an echo waits for the answer to what it is the echo of, in milliseconds. */
const PATIENCE = 2_000;

/** Requests that are not answered yet, for lean answers of /sync that come before theirs. */
export class EarlyEchoes {
  readonly #platform: Pick<ClientPlatform, 'now' | 'setTimer'>;
  readonly #waiting: Set<() => void> = new Set();
  #unanswered = 0;

  constructor(platform: Pick<ClientPlatform, 'now' | 'setTimer'>) {
    this.#platform = platform;
  }

  /** A request, until it is answered or has failed. */
  async during<T>(request: Promise<T>): Promise<T> {
    this.#unanswered++;
    try {
      return await request;
    } finally {
      this.#unanswered--;
      // What it was answered is read first.
      void Promise.resolve().then(() => this.#wake());
    }
  }

  /**
   * What `read` returns, once it does not refer to an event any more that is not answered yet. `undefined`: it refers to what is not
   * known here. Rejects with whatever else it throws.
   */
  async read<T>(read: () => T): Promise<T | undefined> {
    const deadline = this.#platform.now() + PATIENCE;
    for (;;) {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof MappingError) || error.reason !== 'unknown_reference') throw error;
        const left = deadline - this.#platform.now();
        if (this.#unanswered === 0 || left <= 0) return undefined;
        await this.#next(left);
      }
    }
  }

  /** The next answer, or `ms` milliseconds. */
  #next(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const cancel = this.#platform.setTimer(ms, done);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
