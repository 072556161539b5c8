import { type Key, rawKey } from '@keyslot/keys';
import { describe, expect, it } from 'vitest';
import { WrongBatchError } from './errors.ts';
import { Context } from './load-context.ts';
import { Together } from './together.ts';

const [a, b, c] = ['a', 'b', 'c'].map((text) => rawKey<string>(text)) as [
  Key<string>,
  Key<string>,
  Key<string>,
];

function scene(
  answer = (keys: readonly Key<string>[]): readonly string[] => keys.map(({ text }) => `${text}!`),
) {
  const asked: string[][] = [];
  const together = new Together<string>(
    [a, b, c],
    (keys) => {
      asked.push(keys.map(({ text }) => text));
      return answer(keys);
    },
    (_, load) => load(new AbortController().signal),
  );
  const load = async (key: Key<string>) => together.loaderOf(key)(new Context<string>(undefined));
  return { together, asked, load };
}

describe('keys that are loaded together', () => {
  it('wait until it is known of each whether it has to be loaded', async () => {
    const { together, asked, load } = scene();
    const values = [load(a), load(c)];
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toEqual([]);
    together.decided(b);
    expect(await Promise.all(values)).toEqual(['a!', 'c!']);
    expect(asked).toEqual([['a', 'c']]);
  });

  it('do not wait for one that somebody else provides, who is loaded later if he does not', async () => {
    const { together, asked, load } = scene();
    together.partOf(b).onOthers();
    together.decided(c);
    expect(await load(a)).toBe('a!');
    expect(await load(b)).toBe('b!');
    expect(asked).toEqual([['a'], ['b']]);
  });

  it.each([
    ['too few', () => ['1']],
    ['none', () => undefined as unknown as string[]],
  ])('all fail when there are %s values', async (_, answer) => {
    const { load } = scene(answer);
    const ends = await Promise.allSettled([load(a), load(b), load(c)]);
    expect(ends.map((end) => end.status === 'rejected' && (end.reason as unknown))).toEqual([
      expect.any(WrongBatchError),
      expect.any(WrongBatchError),
      expect.any(WrongBatchError),
    ]);
  });
});
