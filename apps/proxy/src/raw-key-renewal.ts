import type { RawKey } from '@lb-matrix/dtls-transport/node';
import type { Logger } from 'pino';
import { loadRawKey } from './raw-key.ts';

/** What may be renewed. */
interface RawKeyRenewalOptions {
  /** A PEM file. */
  readonly path: string;
  /** The pin of the key that is in use. */
  readonly pin: string | undefined;
  /** Puts a key to use. */
  readonly use: (next: RawKey) => void;
  readonly log: Logger;
}

/**
 * Returns what reads the file again, puts its key to use and says so in the log. A file that does not do is reported, and the key
 * that is in use stays: none is made, as clients know the old one.
 */
export function renewRawKey({ path, pin, use, log }: RawKeyRenewalOptions): () => void {
  let inUse = pin;
  return () => {
    try {
      const next = loadRawKey(path);
      if (next.pin === inUse) {
        log.info(`The raw public key in ${path} has not changed`);
        return;
      }
      use(next.rawKey);
      inUse = next.pin;
      log.info(`Using the new raw public key ${inUse} in ${path}`);
    } catch (error) {
      log.error(`The raw public key that is in use stays, the file cannot be used: ${(error as Error).message}`);
    }
  };
}
