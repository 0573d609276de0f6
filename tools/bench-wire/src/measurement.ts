import type { Traffic } from './relay.ts';

/** One thing that a client does, and what crossed the wire each time it did. */
export interface Measurement {
  readonly name: string;
  readonly runs: readonly Traffic[];
}

/**
 * Milliseconds after which DTLS sends a flight again (RFC 6347 section 4.2.4.1), and no sooner CoAP a message (RFC 7252 section
 * 4.8). A run in which something takes that long tells of a busy machine and not of the protocol, and does not count.
 */
const FIRST_RETRANSMISSION = 1000;

/** What crossed the wire in one run, case by case. */
export type Run<Case extends string> = Readonly<Record<Case, Traffic>>;

/** Passes on what `act` resolves with. */
export type Timed = <T>(act: () => Promise<T>) => Promise<T>;

/** Repeats what a client does until enough of its runs count. What takes time on the wire is done by `timed`. */
export async function repeatRuns<Case extends string>(
  runs: number,
  once: (timed: Timed) => Promise<Run<Case>>,
): Promise<Measurement[]> {
  const all: Run<Case>[] = [];
  for (let attempts = 0; all.length < runs; attempts += 1) {
    if (attempts === 2 * runs + 5) {
      throw new Error('this machine is too busy: again and again something was sent twice');
    }
    let slowest = 0;
    const run = await once(async (act) => {
      const start = performance.now();
      const result = await act();
      slowest = Math.max(slowest, performance.now() - start);
      return result;
    });
    if (slowest < FIRST_RETRANSMISSION) all.push(run);
  }
  const names = Object.keys(all[0]!) as Case[];
  return names.map((name) => ({ name, runs: all.map((each) => each[name]) }));
}
