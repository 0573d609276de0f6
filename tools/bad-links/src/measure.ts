import { readFileSync } from 'node:fs';
import { appCases, type Case, TRANSFERS } from './cases.ts';
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

/** Transfers in a session that is there; and with what a homeserver says to the user of `tools/bench-wire`, from the handshake on. */
export const ALL_CASES: readonly { readonly name: string; readonly run: Case; readonly runs: number }[] = [
  ...Object.entries(TRANSFERS).map(([name, run]) => ({ name, run, runs: 5 })),
  ...Object.entries(
    appCases({ login: answer('login'), syncDefault: answer('sync-default'), syncFull: answer('sync-full') }),
  ).map(([name, run]) => ({ name, run, runs: 20 })),
];

function answer(name: string): string {
  return readFileSync(new URL(`../test/fixtures/${name}.json`, import.meta.url), 'utf8').trim();
}
