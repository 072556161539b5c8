import { Cacheable, CacheEvict, KeyslotModule } from '@keyslot/nestjs';
import { test } from '@keyslot/testkit/vitest';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { describe, expect, vi } from 'vitest';
import { optionsFor, startApp, startAppFrom } from './app.ts';
import { allPlaces, graz, type Place, placeById, wien } from './places.ts';

/** What all processes of one test share. */
@Injectable()
class Database {
  readonly rows = new Map([wien, graz].map((place) => [place.id, place]));
}

@Injectable()
class Places {
  reads = 0;

  constructor(@Inject(Database) readonly database: Database) {}

  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  async findOne(id: number): Promise<Place | null> {
    this.reads += 1;
    return this.database.rows.get(id) ?? null;
  }

  @Cacheable(allPlaces)
  async findAll(): Promise<Place[]> {
    this.reads += 1;
    return [...this.database.rows.values()];
  }

  @CacheEvict(allPlaces)
  @CacheEvict(placeById, { params: (id: number) => ({ id }) })
  async rename(id: number, name: string): Promise<Place> {
    if (name === '') throw new RangeError('a place has a name');
    const place = { id, name };
    this.database.rows.set(id, place);
    return place;
  }

  @CacheEvict(placeById, { params: (...ids: number[]) => ids.map((id) => ({ id })) })
  async deleteAll(...ids: number[]): Promise<number> {
    for (const id of ids) this.database.rows.delete(id);
    return ids.length;
  }

  @CacheEvict(placeById, { params: ({ id }: Place) => ({ id }) })
  async replace(place: Place): Promise<void> {
    this.database.rows.set(place.id, place);
  }
}

const declared = { providers: [Database, Places] };
const linz: Place = { id: 1, name: 'Linz' };

describe('a method with @CacheEvict', () => {
  test('evicts once it has resolved, under each of its keys', async ({ cluster }) => {
    await using app = await startApp(cluster, declared);
    const places = app.get(Places);
    await Promise.all([places.findOne(1), places.findAll()]);

    expect(await places.rename(1, 'Linz')).toEqual(linz);
    expect(await places.findOne(1)).toEqual(linz);
    expect(await places.findAll()).toEqual([linz, graz]);
    expect(places.reads).toBe(4);
  });

  test('evicts in other processes too', async ({ cluster }) => {
    const shared = { provide: Database, useValue: new Database() };
    const same = { imports: [KeyslotModule.forRoot(optionsFor(cluster))], providers: [shared, Places] };
    await using one = await startAppFrom(same);
    await using other = await startAppFrom(same);
    await Promise.all([one.cache.ready(), other.cache.ready()]);
    expect(await other.get(Places).findOne(1)).toEqual(wien);

    await one.get(Places).rename(1, 'Linz');
    await vi.waitFor(async () => expect(await other.get(Places).findOne(1)).toEqual(linz));
  });

  test('evicts as many keys as params names', async ({ cluster }) => {
    await using app = await startApp(cluster, declared);
    const places = app.get(Places);
    await Promise.all([places.findOne(1), places.findOne(2)]);

    expect(await places.deleteAll(1, 2)).toBe(2);
    expect([await places.findOne(1), await places.findOne(2)]).toEqual([null, null]);
    expect(await places.deleteAll()).toBe(0);
  });

  test('evicts nothing when it throws', async ({ cluster }) => {
    await using app = await startApp(cluster, declared);
    const places = app.get(Places);
    await Promise.all([places.findOne(1), places.findAll()]);

    await expect(places.rename(1, '')).rejects.toBeInstanceOf(RangeError);
    await Promise.all([places.findOne(1), places.findAll()]);
    expect(places.reads).toBe(2);
  });

  test('does not run when its params throw', async ({ cluster }) => {
    await using app = await startApp(cluster, declared);
    const places = app.get(Places);

    await expect(places.replace({} as Place)).rejects.toMatchObject({ code: 'KEYS_MISSING_PARAMETER' });
    expect(places.database.rows.size).toBe(2);
  });

  test('succeeds while the shard is away, and nobody reads the old value then', async ({ cluster }) => {
    const options = optionsFor(cluster);
    const cache = { ...options.cache, deleteWithin: 100 };
    await using app = await startAppFrom({
      ...declared,
      imports: [KeyslotModule.forRoot({ ...options, cache })],
    });
    await app.cache.ready();
    const places = app.get(Places);
    await places.findOne(1);

    await cluster.freeze(cluster.primaryOf(`${cache.namespace}:${placeById({ id: 1 }).text}`));
    await places.replace(linz);
    expect(await places.findOne(1)).toEqual(linz);
  });

  test('succeeds after the cache was closed, and says what it left undone', async ({ cluster }) => {
    const error = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
    try {
      const app = await startApp(cluster, declared);
      const places = app.get(Places);
      await places.findOne(1);
      await app.nest.close();

      await places.replace(linz);
      expect(await places.findOne(1)).toEqual(linz);
      expect(error.mock.calls.map(([message]) => String(message))).toEqual([
        expect.stringMatching(
          /^"places:\{place:<id>\}:detail" was not evicted after Places\.replace succeeded/,
        ),
      ]);
    } finally {
      error.mockRestore();
    }
  });
});
