import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OldestFirst } from './oldest-first.ts';

/** The same by a map that is looked through from its beginning. */
class Plain extends Map<string, number> {
  override set(key: string, value: number): this {
    this.delete(key);
    return super.set(key, value);
  }

  first(): readonly [string, number] | undefined {
    const [first] = this;
    return first;
  }
}

type Step = readonly [what: 'set' | 'delete' | 'first' | 'shift', key: string];

/** All that is answered on the way. */
function answersOf(values: Plain | OldestFirst<number>, steps: readonly Step[]): unknown[] {
  return steps.flatMap(([what, key], i): unknown[] => {
    const first = what === 'first' || what === 'shift' ? values.first() : undefined;
    const gone = what === 'delete' ? key : what === 'shift' ? first?.[0] : undefined;
    if (what === 'set') values.set(key, i);
    return [first, gone !== undefined && values.delete(gone), values.size, values.get(key), [...values]];
  });
}

describe('values of which the oldest is asked for', () => {
  it('are in the order in which they were last set, whatever is set and removed between', () => {
    const what = fc.constantFrom('set', 'delete', 'first', 'shift');
    const step: fc.Arbitrary<Step> = fc.tuple(what, fc.constantFrom('a', 'b', 'c', 'd'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        expect(answersOf(new OldestFirst<number>(), steps)).toEqual(answersOf(new Plain(), steps));
      }),
      { numRuns: 1_000 },
    );
  });
});
