/** Time as the homeserver sees it; a test brings its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `fire` once, `ms` milliseconds from now, unless the returned function is called before. */
  setTimer(ms: number, fire: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: Date.now,
  setTimer(ms, fire) {
    // What waits here is never a reason to keep the process: the server's socket is.
    const timer = setTimeout(fire, ms).unref();
    return () => clearTimeout(timer);
  },
};
