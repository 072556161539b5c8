import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { registerCacheDriverTestSuite } from 'bentocache/test_suite';
import { describe, expect } from 'vitest';
import { KeyslotDriver, keyslotDriver } from './bento-driver.ts';
import { Cases } from './cases.ts';
import { japaOf } from './japa.ts';
import { FLEETS, Turns, test } from './processes.ts';

/** The cases of the suite as it is known here: another version that has more must be looked at. */
const CASES = 21;

describe.each(FLEETS)('a bentocache driver of $name', (fleet) => {
  const turns = new Turns(fleet);

  describe('registerCacheDriverTestSuite', () => {
    const cases = new Cases();
    registerCacheDriverTestSuite({
      ...japaOf(cases),
      // Their own drivers are tested with a prefix too: without one, a root driver clears what others have prefixed.
      createDriver: (options) =>
        cases.watched(new KeyslotDriver({ prefix: 'bento', ...options, cache: turns.next().cache })),
    });
    cases.expectAllRan(CASES);
  });

  test('is the second level of a bentocache', async () => {
    const open = () =>
      new BentoCache({
        default: 'places',
        stores: {
          places: bentostore()
            .useL1Layer(memoryDriver())
            .useL2Layer(keyslotDriver({ prefix: 'app', cache: turns.next().cache })),
        },
      });
    const [one, other] = [open(), open()];
    let loads = 0;
    const load = async () => ({ name: 'Wien', load: ++loads });
    const place = { key: 'place:1', factory: load, ttl: '1m' };

    expect(await one.getOrSet(place)).toEqual({ name: 'Wien', load: 1 });
    expect(await other.getOrSet(place)).toEqual({ name: 'Wien', load: 1 });
    expect(await one.delete({ key: 'place:1' })).toBe(true);
    expect(await one.getOrSet(place)).toEqual({ name: 'Wien', load: 2 });
    await one.clear();
    expect(await one.get({ key: 'place:1' })).toBeUndefined();
    await Promise.all([one.disconnectAll(), other.disconnectAll()]);
  });
});
