import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadlines } from '../src/deadlines.ts';

describe('deadlines', () => {
  it('come due in order, whatever was moved or taken out before', () => {
    const command = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('set' as const), item: fc.nat(20), at: fc.nat(100) }) },
      fc.record({ kind: fc.constant('delete' as const), item: fc.nat(20) }),
      fc.record({ kind: fc.constant('take' as const), now: fc.nat(100) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
        const items = Array.from({ length: 21 }, (_, id) => ({ id }));
        const deadlines = new Deadlines<{ id: number }>();
        const model = new Map<number, number>();
        for (const step of commands) {
          if (step.kind === 'set') {
            deadlines.set(items[step.item]!, step.at);
            model.set(step.item, step.at);
          } else if (step.kind === 'delete') {
            deadlines.delete(items[step.item]!);
            model.delete(step.item);
          } else {
            const due = deadlines.takeDue(step.now);
            const first = Math.min(...model.values());
            expect(due === undefined).toBe(first > step.now);
            if (due !== undefined) {
              expect(model.get(due.id)).toBe(first);
              model.delete(due.id);
            }
          }
          expect(deadlines.next()).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
        }
        const rest = [...model.values()].sort((a, b) => a - b);
        expect(rest.map(() => model.get(deadlines.takeDue(100)!.id))).toEqual(rest);
      }),
      { seed: 7252, numRuns: 500 },
    );
  });
});
