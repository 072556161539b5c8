import * as suites from '@keyv/test-suite';
import { Keyv } from 'keyv';
import { describe, expect, vi } from 'vitest';
import { Cases } from './cases.ts';
import { KeyslotStore } from './keyv-store.ts';
import { FLEETS, Turns, test } from './processes.ts';

/** With how many cases there are in it: another version that has more must be looked at. */
const RUN = [
  { name: 'keyvApiTests', suite: suites.keyvApiTests, count: 22 },
  { name: 'keyvValueTests', suite: suites.keyvValueTests, count: 13 },
  { name: 'keyvNamespaceTest', suite: suites.keyvNamespaceTest, count: 3 },
  { name: 'keyvIteratorTests', suite: suites.keyvIteratorTests, count: 4 },
];

const NOT_RUN = {
  default: 'the first three of those that are run, together',
  delay: 'no suite',
  keyvCompresstionTests: 'tests a compression adapter on a Map; a store has no part in it',
};

test('leaves out nothing of what @keyv/test-suite exports, but for a reason', () => {
  for (const [name, reason] of Object.entries(NOT_RUN)) console.info(`Not run: ${name}: ${reason}`);
  const known = [...RUN.map(({ name }) => name), ...Object.keys(NOT_RUN)];
  expect(new Set(Object.keys(suites))).toEqual(new Set(known));
});

describe.each(FLEETS)('a Keyv store of $name', (fleet) => {
  const turns = new Turns(fleet);

  describe.each(RUN)('$name', ({ suite, count }) => {
    const cases = new Cases();
    // All that the suites use of vitest. They are typed for the whole of it.
    const { beforeEach, afterEach } = test;
    const used = { it: cases.register.bind(cases), beforeEach, afterEach };
    suite(used as never, Keyv, () => cases.watched(new KeyslotStore(turns.next())));
    cases.expectAllRan(count);
  });

  describe('what the suite does not ask for', () => {
    test('has and reads many at once, in their order', async () => {
      const keyv = new Keyv({ store: new KeyslotStore(turns.next()), namespace: 'many' });
      const there = new Keyv({ store: new KeyslotStore(turns.next()), namespace: 'many' });
      const entries = [
        { key: 'a', value: 1 },
        { key: 'b', value: [2] },
      ];
      await keyv.setMany(entries);

      expect(await there.has(['b', 'x', 'a'])).toEqual([true, false, true]);
      expect(await there.getMany(['b', 'x', 'a'])).toEqual([[2], undefined, 1]);
      expect(await there.delete(['x', 'a'])).toBe(true);
      expect(await keyv.getMany(['a', 'b'])).toEqual([undefined, [2]]);
    });

    // Keyv keeps the time itself too, so its suite would not notice a store that does not.
    test('expires an entry without the help of Keyv', async () => {
      const store = new KeyslotStore(turns.next());
      await store.set('short', 'lived', 300);
      expect(await store.get('short')).toBe('lived');
      await vi.waitFor(async () => expect(await store.get('short')).toBeUndefined(), 2000);
    });

    test('clears the names below a namespace, and no others', async () => {
      const store = new KeyslotStore(turns.next());
      await Promise.all(['a', 'a:b', 'a:b:c', 'ab:c'].map((name) => store.set(name, name)));

      store.namespace = 'a';
      await store.clear();

      const names = ['a', 'a:b', 'a:b:c', 'ab:c'];
      expect(await store.getMany(names)).toEqual(['a', undefined, undefined, 'ab:c']);
      store.namespace = undefined;
      await store.clear();
      expect(await store.hasMany(names)).toEqual([false, false, false, false]);
    });

    test('iterates more names than come in one answer', async () => {
      const store = new KeyslotStore(turns.next());
      const keys = Array.from({ length: 150 }, (_, i) => `pages:${i}`);
      await store.setMany(keys.map((key) => ({ key, value: key })));

      const found = new Set<unknown>();
      for await (const [key, value] of new KeyslotStore(turns.next()).iterator('pages')) {
        expect(value).toBe(key);
        found.add(key);
      }

      expect(found).toEqual(new Set(keys));
      await store.clear();
    });
  });
});
