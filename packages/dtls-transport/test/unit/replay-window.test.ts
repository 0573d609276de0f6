import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReplayWindow } from '../../src/record/replay-window.ts';

test('a number is new once, and never again once 64 higher ones were possible', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300), { maxLength: 200 }), fc.nat(2 ** 40), (numbers, base) => {
      const window = new ReplayWindow();
      const seen = new Set<number>();
      for (const number of numbers.map((offset) => base + offset)) {
        const highest = Math.max(-1, ...seen);
        const expected = !seen.has(number) && number > highest - 64;
        expect(window.isNew(number)).toBe(expected);
        if (!expected) continue;
        window.mark(number);
        seen.add(number);
      }
    }),
    { seed: 1 },
  );
});

test.each([1, 31, 32, 33, 63, 64, 65, 1_000])('a step of %i forgets nothing too early', (step) => {
  const window = new ReplayWindow();
  for (let number = 0; number < 64; number++) window.mark(number);
  window.mark(63 + step);
  const fresh = Array.from({ length: 64 + step }, (_, number) => number).filter((number) => window.isNew(number));
  const expected = Array.from({ length: step - 1 }, (_, index) => 64 + index).filter((number) => number > step - 1);
  expect(fresh).toEqual(expected);
});
