import { Cacheable, KeyslotModule } from '@keyslot/nestjs';
import { test } from '@keyslot/testkit/vitest';
import { Controller, Get, Injectable, NotFoundException, Param } from '@nestjs/common';
import { describe, expect } from 'vitest';
import { optionsFor, startApp, startAppFrom } from './app.ts';
import { Counting } from './counting.ts';
import { allPlaces, graz, type Place, placeById, wien } from './places.ts';

describe('a method with @Cacheable', () => {
  @Injectable()
  class Places extends Counting {
    @Cacheable(allPlaces)
    async findAll(): Promise<Place[]> {
      this.runs += 1;
      return [wien, graz];
    }
  }

  test('runs once for all who ask, at once and later', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [Places] });
    const places = app.get(Places);

    expect(await Promise.all([1, 1, 1].map((id) => places.findOne(id)))).toEqual([wien, wien, wien]);
    expect(await places.findOne(1)).toEqual(wien);
    expect(places.runs).toBe(1);
  });

  test('runs once per key', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [Places] });
    const places = app.get(Places);

    expect([await places.findOne(1), await places.findOne(2)]).toEqual([wien, null]);
    expect(places.runs).toBe(2);
  });

  test('keeps null', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [Places] });
    const places = app.get(Places);

    expect([await places.findOne(7), await places.findOne(7)]).toEqual([null, null]);
    expect(places.runs).toBe(1);
  });

  test('needs no params for a template without parameters', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [Places] });
    const places = app.get(Places);

    expect([await places.findAll(), await places.findAll()]).toEqual([
      [wien, graz],
      [wien, graz],
    ]);
    expect(places.runs).toBe(1);
  });

  test('shares its results with other processes', async ({ cluster }) => {
    const options = optionsFor(cluster);
    const one = { imports: [KeyslotModule.forRoot(options)], providers: [Places] };
    await using first = await startAppFrom(one);
    await using second = await startAppFrom(one);
    await Promise.all([first.cache.ready(), second.cache.ready()]);

    await first.get(Places).findOne(1);
    expect(await second.get(Places).findOne(1)).toEqual(wien);
    expect(second.get(Places).runs).toBe(0);
  });

  test('is kept for its own ttl', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [Places] });
    await app.get(Places).findOne(1);
    await app.get(Places).findAll();

    const lives = await Promise.all(
      cluster.primaries.map(async (node) => {
        const keys = await node.admin.keys('*places:*');
        return Promise.all(keys.map(async (key) => [key.replace(/^.*?:/, ''), await node.admin.pttl(key)]));
      }),
    );
    const ttl = Object.fromEntries(lives.flat()) as Record<string, number>;
    expect(ttl['places:{place:1}:detail']).toBeLessThanOrEqual(60_000);
    expect(ttl['places:all']).toBeGreaterThan(200_000);
  });

  test('keeps its name, its length and its type', () => {
    expect([Places.prototype.findOne.name, Places.prototype.findOne.length]).toEqual(['findOne', 1]);
  });
});

describe('what the method throws', () => {
  class GoneError extends Error {}

  @Injectable()
  class Failing {
    runs = 0;
    error: Error = new GoneError('gone');

    @Cacheable(placeById, { params: (id: number) => ({ id }) })
    async findOne(_id: number): Promise<Place | null> {
      this.runs += 1;
      throw this.error;
    }
  }

  test('reaches everybody as it was thrown, and is not kept', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [Failing] });
    const failing = app.get(Failing);

    const errors = await Promise.all(
      [1, 1].map((id) => failing.findOne(id).catch((error: unknown) => error)),
    );
    expect(errors[0]).toBe(failing.error);
    expect(errors[1]).toBe(failing.error);
    expect(failing.runs).toBe(1);
    await expect(failing.findOne(1)).rejects.toBe(failing.error);
    expect(failing.runs).toBe(2);
  });

  test('is an answer of HTTP when it is one of Nest’s exceptions', async ({ cluster }) => {
    @Controller()
    class Places {
      @Get(':id')
      @Cacheable(placeById, { params: (id: string) => ({ id }) })
      async findOne(@Param('id') _id: string): Promise<Place | null> {
        throw new NotFoundException('no such place');
      }
    }
    await using app = await startApp(cluster, { controllers: [Places] });

    expect(await app.request('/1')).toEqual([404, expect.objectContaining({ message: 'no such place' })]);
  });

  test('and what params throws, too', async ({ cluster }) => {
    @Injectable()
    class Careless {
      runs = 0;

      @Cacheable(placeById, { params: (place: Place) => ({ id: place.id }) })
      async findOne(_place: Place): Promise<Place | null> {
        this.runs += 1;
        return null;
      }
    }
    await using app = await startApp(cluster, { providers: [Careless] });
    const careless = app.get(Careless);

    await expect(careless.findOne(undefined as unknown as Place)).rejects.toBeInstanceOf(TypeError);
    await expect(careless.findOne({} as unknown as Place)).rejects.toMatchObject({
      code: 'KEYS_MISSING_PARAMETER',
    });
    expect(careless.runs).toBe(0);
  });
});
