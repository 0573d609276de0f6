import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ALL_CASES, type Summary, summarize } from '../src/index.ts';

const before: Record<string, Summary> = JSON.parse(
  readFileSync(new URL('./fixtures/rfc7959.json', import.meta.url), 'utf8'),
);

describe('an RFC 7959-only peer is not slower than before RFC 9177 and measured time-outs', () => {
  test.each(ALL_CASES)('$name', async ({ name, run, runs }) => {
    const now = await summarize(run, 'rfc7959', runs);
    const then = before[name]!;
    expect(now.median).toBeLessThanOrEqual(then.median);
    expect(now.p99).toBeLessThanOrEqual(then.p99);
    expect(now.worst).toBeLessThanOrEqual(then.worst);
  });

  test('every case has a figure', () => {
    expect(Object.keys(before)).toEqual(ALL_CASES.map(({ name }) => name));
  });
});
