import { DtlsError } from '../errors.ts';

/**
 * What is said before the keys are there may be damaged or forged, so a first failure only makes us ask again. When the same
 * bytes fail again, the peer means them: then the failure counts.
 */
export class Doubts {
  #digest: string | undefined;
  #error: DtlsError | undefined;

  /** Throws the failure that the same bytes (by their digest) had before. */
  recall(digest: Uint8Array): void {
    if (this.#error !== undefined && this.#digest === digest.join()) throw this.#error;
  }

  /** Notes a first failure, throws the second of the same bytes; throws also what is no `DtlsError`: a fault of ours. */
  note(digest: Uint8Array, error: unknown): void {
    if (!(error instanceof DtlsError) || this.#digest === digest.join()) throw error;
    this.#digest = digest.join();
    this.#error = error;
  }
}
