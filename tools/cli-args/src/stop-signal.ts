/** Milliseconds in which a second signal is the same one: a terminal sends Ctrl-C to npm and to us, and npm hands it on. */
const SAME_SIGNAL = 500;

/** Resolves at the first SIGINT or SIGTERM; the second one ends the process at once. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        const now = performance.now();
        // The shell's way of telling which signal ended a process.
        if (first !== undefined && now - first > SAME_SIGNAL) process.exit(signal === 'SIGINT' ? 130 : 143);
        first ??= now;
        resolve(signal);
      });
    }
  });
}
