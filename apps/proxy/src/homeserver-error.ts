/** The homeserver did not answer; `message` says why, for the log. */
export class HomeserverError extends Error {
  /** It was reached but said nothing in time. */
  readonly timedOut: boolean;

  constructor(message: string, timedOut: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HomeserverError';
    this.timedOut = timedOut;
  }
}

/** What undici says of a request to this origin, for the log. */
export function asHomeserverError(error: unknown, origin: string): HomeserverError {
  if (error instanceof HomeserverError) return error;
  const timedOut = (error as NodeJS.ErrnoException).code === 'UND_ERR_HEADERS_TIMEOUT';
  return new HomeserverError(`${origin}: ${reason(error)}`, timedOut, { cause: error });
}

/** A name with several addresses fails once for each of them, without a message of its own. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ');
  return error instanceof Error ? error.message : String(error);
}
