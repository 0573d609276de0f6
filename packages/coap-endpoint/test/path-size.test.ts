import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PathSize } from '../src/path-size.ts';

const NONE = Number.POSITIVE_INFINITY;

/** A message is lost again and again from `first` on, and a small one in between is not. */
function hole(path: PathSize, length: number, first: number, times = 3): void {
  for (let lost = 1; lost <= times; lost++) {
    if (path.lost(length, lost, first, first + 1000 * lost)) path.delivered(4, first + 1000 * lost + 100);
  }
}

describe('the length that a path carries', () => {
  it('has no bound until a long message is lost three times while a small one arrives', () => {
    const path = new PathSize();
    hole(path, 1100, 0, 2);
    expect(path.ceiling).toBe(NONE);
    hole(path, 1100, 10_000);
    expect(path.ceiling).toBe(640);
  });

  it('goes down step by step, and no further than the last step', () => {
    const path = new PathSize();
    hole(path, 1100, 0);
    hole(path, 600, 4000);
    expect(path.ceiling).toBe(360);
    hole(path, 350, 8000);
    expect(path.ceiling).toBe(220);
    hole(path, 200, 12_000);
    expect(path.ceiling).toBe(220);
  });

  it('is the last step at the fourth loss of what one request is answered', () => {
    const path = new PathSize();
    hole(path, 1100, 0);
    path.lost(600, 4, 0, 4000);
    expect(path.ceiling).toBe(220);
  });

  it('has no bound where nothing arrives, however often one asks', () => {
    const path = new PathSize();
    for (let lost = 2; lost < 8; lost++) expect(path.lost(1100, lost, 0, 1000 * lost)).toBe(true);
    expect(path.ceiling).toBe(NONE);
  });

  it('has no bound where something as long has arrived meanwhile', () => {
    const path = new PathSize();
    path.delivered(1150, 500);
    hole(path, 1100, 0);
    expect(path.ceiling).toBe(NONE);
  });

  it('has no bound any more once something longer arrives after all', () => {
    const path = new PathSize();
    hole(path, 1100, 0);
    path.delivered(1100, 5000);
    expect(path.ceiling).toBe(NONE);
  });

  it('is tried again a step higher: after 30 s, and after twice as long each time that it was in vain, 10 min at the most', () => {
    const path = new PathSize();
    let now = 0;
    const waits: number[] = [];
    for (let n = 0; n < 8; n++) {
      hole(path, 1100, now);
      expect(path.ceiling).toBe(640);
      const start = now + 3000;
      for (now = start; path.ceiling !== NONE; now += 1000) path.pass(now);
      waits.push((now - start) / 1000 - 1);
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 600, 600, 600]);
  });

  it('is one of the steps, whatever happens', () => {
    const event = fc.record({
      kind: fc.constantFrom('lost', 'delivered', 'pass'),
      length: fc.integer({ min: 4, max: 1300 }),
      times: fc.integer({ min: 1, max: 8 }),
      age: fc.integer({ min: 0, max: 20_000 }),
      wait: fc.integer({ min: 0, max: 40_000 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const path = new PathSize();
        let now = 0;
        for (const { kind, length, times, age, wait } of events) {
          now += wait;
          if (kind === 'lost') path.lost(length, times, now - age, now);
          else if (kind === 'delivered') path.delivered(length, now);
          else path.pass(now);
          expect([NONE, 640, 360, 220]).toContain(path.ceiling);
          if (kind === 'delivered' && length > 220) expect(path.ceiling).toBeGreaterThanOrEqual(length);
        }
      }),
      { seed: 8, numRuns: 500 },
    );
  });
});
