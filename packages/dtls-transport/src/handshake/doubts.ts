import { DtlsError } from '../errors.ts';

/**
 * What is said before the keys are there may be damaged or forged, so a first failure only makes us ask again. When the same
 * bytes fail again, the peer means them: then the failure counts.
 */
export class Doubts {
  #digest: string | undefined;
  #error: DtlsError | undefined;
  #failures = 0;

  /** Throws the failure that the same bytes (by their digest) had before. */
  recall(digest: Uint8Array): void {
    if (this.#error !== undefined && this.#digest === digest.join()) throw this.#error;
  }

  /**
   * Notes a failure; throws it when the same bytes have failed more often than is borne. Throws also what is no `DtlsError`:
   * a fault of ours.
   */
  note(digest: Uint8Array, error: unknown, borne = 1): void {
    if (!(error instanceof DtlsError)) throw error;
    const key = digest.join();
    this.#failures = this.#digest === key ? this.#failures + 1 : 1;
    if (this.#failures > borne) throw error;
    this.#digest = key;
    this.#error = error;
  }
}
