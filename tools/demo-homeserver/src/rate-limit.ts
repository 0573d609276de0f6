import type { Clock } from './clock.ts';
import { limitExceeded } from './matrix-error.ts';

/** How many events a user may send; making a room counts as one. */
export interface RateLimit {
  /** Events a second in the long run. */
  readonly perSecond: number;
  /** Events at once. */
  readonly burstCount: number;
}

/**
 * Counts one event of a user.
 *
 * @throws MatrixError 429 M_LIMIT_EXCEEDED with `retry_after_ms`
 */
export type RateLimiter = (userId: string) => void;

/** A limiter of its own: a bucket for each user that leaks `perSecond` and holds `burstCount`. Without a limit it allows everything. */
export function createRateLimiter(clock: Clock, limit: RateLimit | undefined): RateLimiter {
  if (limit === undefined) return () => {};
  const { perSecond, burstCount } = limit;
  const buckets = new Map<string, { readonly level: number; readonly at: number }>();
  return (userId) => {
    const now = clock.now();
    const { level, at } = buckets.get(userId) ?? { level: 0, at: now };
    const after = Math.max(0, level - ((now - at) / 1000) * perSecond) + 1;
    if (after > burstCount) throw limitExceeded(Math.ceil(((after - burstCount) / perSecond) * 1000));
    buckets.set(userId, { level: after, at: now });
  };
}

/**
 * A 429 on demand, for trying out clients: a transaction named `rate-limit-N` is always answered with `retry_after_ms` N.
 *
 * @throws MatrixError 429 M_LIMIT_EXCEEDED
 */
export function limitOnDemand(transactionId: string): void {
  const [, retryAfterMs] = /^rate-limit-(\d{1,7})$/.exec(transactionId) ?? [];
  if (retryAfterMs !== undefined) throw limitExceeded(Number(retryAfterMs));
}
