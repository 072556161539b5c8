import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OldestFirst } from './oldest-first.ts';

describe('values of which the oldest is asked for', () => {
  it('are in the order in which they were last set, whatever is set and removed between', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.tuple(fc.constantFrom('set', 'delete', 'first', 'shift'), key);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const [plain, values] = [new Map<string, number>(), new OldestFirst<number>()];
        for (const [i, [what, each]] of steps.entries()) {
          const [oldest] = plain;
          if (what === 'set') {
            plain.delete(each);
            plain.set(each, i);
            values.set(each, i);
          } else if (what === 'delete') {
            expect(values.delete(each)).toBe(plain.delete(each));
          } else {
            expect(values.first()).toEqual(oldest);
            if (what === 'shift' && oldest !== undefined) {
              plain.delete(oldest[0]);
              values.delete(oldest[0]);
            }
          }
          expect([...values]).toEqual([...plain]);
          expect([values.size, values.get(each)]).toEqual([plain.size, plain.get(each)]);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
