import { APP_CASES, type Case, RETURNING_CASES, TRANSFERS } from './cases.ts';
import type { Peer } from './peer.ts';
import { quantile } from './statistics.ts';

/** Milliseconds of all requests of all runs of a case. */
export interface Summary {
  readonly median: number;
  /** 99 % took no longer. */
  readonly p99: number;
  readonly worst: number;
}

/** Runs a case with the seeds from 1 on. */
export async function summarize(run: Case, peer: Peer, runs: number): Promise<Summary> {
  const took: number[] = [];
  for (let seed = 1; seed <= runs; seed++) took.push(...(await run(peer, seed)));
  const [median, p99, worst] = [0.5, 0.99, 1].map((of) => Math.round(10 * quantile(took, of)) / 10);
  return { median: median!, p99: p99!, worst: worst! };
}

/** A row of the table. */
export interface NamedCase {
  readonly name: string;
  readonly run: Case;
  readonly runs: number;
}

/** Transfers in a session that is there; and with what a homeserver says to the user of `tools/bench-wire`, from the handshake on. */
export const ALL_CASES: readonly NamedCase[] = [...named(TRANSFERS, 5), ...named(APP_CASES, 20)];

/** What only ours can do better. */
export const OUR_CASES: readonly NamedCase[] = [...ALL_CASES, ...named(RETURNING_CASES, 20)];

function named(cases: Readonly<Record<string, Case>>, runs: number): NamedCase[] {
  return Object.entries(cases).map(([name, run]) => ({ name, run, runs }));
}
