/** How `race` starts its attempts. */
export interface RaceOptions<T> {
  /** Milliseconds until the next attempt starts beside those that run. */
  readonly headStart: number;
  /** Ends all attempts. */
  readonly signal: AbortSignal;
  /** Called with the result of an attempt that came too late. */
  readonly discard: (late: T) => void;
}

/**
 * Starts attempts one after the other and takes the first that succeeds (the idea of RFC 8305): the next one starts after
 * `headStart`, or as soon as one has failed. The others are aborted. When all fail, the most telling error is thrown.
 *
 * @param attempts - at least one
 */
export function race<T>(
  attempts: readonly ((signal: AbortSignal) => Promise<T>)[],
  { headStart, signal, discard }: RaceOptions<T>,
): Promise<T> {
  const losers = new AbortController();
  const either = AbortSignal.any([signal, losers.signal]);
  const errors: unknown[] = [];
  let started = 0;
  let won = false;

  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    let timer: NodeJS.Timeout | undefined;
    const next = (): void => {
      clearTimeout(timer);
      const attempt = attempts[started];
      if (attempt === undefined || won || signal.aborted) return;
      started += 1;
      if (started < attempts.length) timer = setTimeout(next, headStart);
      attempt(either).then(
        (result) => {
          if (won) return discard(result);
          won = true;
          clearTimeout(timer);
          resolve(result);
          losers.abort();
        },
        (error: unknown) => {
          if (won) return;
          errors.push(error);
          next();
          if (errors.length === started) reject(mostTelling(errors));
        },
      );
    };
    next();
  });
}

/** What somebody answered says more than that nobody listens, and that more than an address that cannot be used here. */
function mostTelling(errors: readonly unknown[]): unknown {
  return (
    errors.find((error) => networkError(error) === undefined) ??
    errors.find((error) => networkError(error) === 'ECONNREFUSED') ??
    errors[0]
  );
}

/** The code of Node's error that this is, or that ended a pipe. */
function networkError(error: unknown): unknown {
  const { code, syscall, cause } = error as { code?: unknown; syscall?: unknown; cause?: unknown };
  if (syscall !== undefined) return code;
  return cause instanceof Error ? networkError(cause) : undefined;
}
