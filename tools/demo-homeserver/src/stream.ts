import type { Clock } from './clock.ts';
import { MatrixError } from './matrix-error.ts';

/**
 * The order of everything that `/sync` tells: each change takes the next position. A position is also the boundary behind that change, and
 * as such a token for `/sync` and `/messages`.
 */
export interface Stream {
  /** The position of the latest change; 1 before the first, so that 0 can stand for a client that knows nothing. */
  readonly position: number;
  /** Takes the next position for a change and wakes those who may see it. */
  advance(audience: Iterable<string>): number;
  /** Resolves at the next change for a user, after `ms` milliseconds, or when `signal` aborts, whichever comes first. */
  changed(userId: string, ms: number, signal: AbortSignal): Promise<void>;
}

/** A stream that nothing has gone down yet. */
export function createStream(clock: Clock): Stream {
  const waiting = new Map<string, Set<() => void>>();
  let position = 1;
  return {
    get position() {
      return position;
    },
    advance(audience) {
      position += 1;
      for (const userId of audience) {
        for (const wake of waiting.get(userId) ?? []) wake();
      }
      return position;
    },
    async changed(userId, ms, signal) {
      if (signal.aborted) return;
      const wakers = waiting.get(userId) ?? new Set();
      waiting.set(userId, wakers);
      await new Promise<void>((resolve) => {
        const wake = () => {
          wakers.delete(wake);
          if (wakers.size === 0) waiting.delete(userId);
          cancelTimer();
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const cancelTimer = clock.setTimer(ms, wake);
        signal.addEventListener('abort', wake);
        wakers.add(wake);
      });
    },
  };
}

/** The token of a position. */
export function formatToken(position: number): string {
  return `s${position}`;
}

/**
 * The position of a token.
 *
 * @param name - what to call it when it is not one of ours
 * @throws MatrixError 400 M_UNKNOWN
 */
export function parseToken(token: string, name: string, stream: Stream): number {
  const position = /^s\d{1,15}$/.test(token) ? Number(token.slice(1)) : Number.POSITIVE_INFINITY;
  if (position > stream.position) throw new MatrixError(400, 'M_UNKNOWN', `'${name}' parameter is invalid`);
  return position;
}
