import { describe, expect, test } from 'vitest';
import { OUR_CASES, type Summary, summarize } from '../src/index.ts';

const MIB = 1024 * 1024;

/** Milliseconds for so many bytes of payload at a share of a link's rate (bits a second). */
const atShare = (bytes: number, rate: number, share: number) => (8000 * bytes) / (rate * share);

/** What each case must reach, in milliseconds. Half a millisecond is for what a link of no given rate rounds. */
const GOALS: Readonly<Record<string, Partial<Summary>>> = {
  '1 MiB down, 2 Mbit/s, 100 ms': { worst: atShare(MIB, 2_000_000, 0.85) },
  '100 KiB down, radio': { worst: atShare(MIB / 10.24, 30_000, 0.62) },
  // Twice what TCP needs without loss.
  '100 KiB down, 1 Mbit/s, 200 ms, 10 % lost': { median: 3800, worst: 4000 },
  'small requests, 200 ms, 10 % lost': { median: 200.5, p99: 1500 },
  // Over what they take without the transfer: two round trips.
  'small requests during 1 MiB down': { worst: 200 },
  'cold send, 200 ms, 10 % lost': { median: 500 },
  'cold send, 200 ms, 10 % lost, known network': { median: 500, worst: 2000 },
  'login and sync, 200 ms, 10 % lost': { median: 1350 },
  'login and sync, 200 ms, 10 % lost, known network': { median: 1350, worst: 2500 },
  'cold send, radio': { worst: 1600 },
  'login and sync, radio': { worst: 4700 },
  'login and full sync, radio': { worst: 9500 },
};

describe('on bad links', () => {
  test.each(OUR_CASES)('$name', async ({ name, run, runs }) => {
    const goal = GOALS[name]!;
    const { median, p99, worst } = await summarize(run, 'ours', runs);
    expect(median).toBeLessThanOrEqual(goal.median ?? Number.POSITIVE_INFINITY);
    expect(p99).toBeLessThanOrEqual(goal.p99 ?? Number.POSITIVE_INFINITY);
    expect(worst).toBeLessThanOrEqual(goal.worst ?? Number.POSITIVE_INFINITY);
  });

  test('every case has a goal', () => {
    expect(Object.keys(GOALS).sort()).toEqual(OUR_CASES.map(({ name }) => name).sort());
  });
});
