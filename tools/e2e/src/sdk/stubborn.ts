import { setTimeout as sleep } from 'node:timers/promises';
import { MatrixError } from './matrix-js-sdk.ts';

const PAUSE_MS = 500;

/**
 * Does something that may be done twice, as a user does who taps again: until the homeserver has answered. What the homeserver
 * refuses is thrown, and a mistake of ours, and the last error once `patience` milliseconds are over.
 */
export async function stubbornly<T>(patience: number, act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      const refused = error instanceof MatrixError && (error.httpStatus ?? 500) < 500;
      if (refused || error instanceof TypeError || performance.now() > deadline) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
