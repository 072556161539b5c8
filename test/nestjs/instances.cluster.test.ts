import { Cacheable } from '@keyslot/nestjs';
import { test } from '@keyslot/testkit/vitest';
import { Controller, Get, Inject, Injectable, Param, Scope } from '@nestjs/common';
import { ContextIdFactory } from '@nestjs/core';
import { describe, expect } from 'vitest';
import { startApp } from './app.ts';
import { Counting } from './counting.ts';
import { allPlaces, graz, type Place, placeById, wien } from './places.ts';

describe('a provider', () => {
  @Injectable({ scope: Scope.REQUEST })
  class PerRequest extends Counting {}

  @Injectable({ scope: Scope.TRANSIENT })
  class Transient extends Counting {}

  @Injectable()
  class First {
    constructor(@Inject(Transient) readonly places: Transient) {}
  }

  @Injectable()
  class Second {
    constructor(@Inject(Transient) readonly places: Transient) {}
  }

  test('may be request-scoped', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [PerRequest] });
    const [one, two] = await Promise.all([
      app.nest.resolve(PerRequest, ContextIdFactory.create()),
      app.nest.resolve(PerRequest, ContextIdFactory.create()),
    ]);

    expect(one).not.toBe(two);
    expect([await one.findOne(1), await two.findOne(1)]).toEqual([wien, wien]);
    expect([one.runs, two.runs]).toEqual([1, 0]);
  });

  test('may be transient', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [First, Second, Transient] });
    const [one, two] = [app.get(First).places, app.get(Second).places];

    expect(one).not.toBe(two);
    expect([await one.findOne(1), await two.findOne(1)]).toEqual([wien, wien]);
    expect([one.runs, two.runs]).toEqual([1, 0]);
  });

  test('may be transient and made by hand', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [Transient] });
    const one = await app.nest.resolve(Transient);
    const other = await app.nest.resolve(Transient);

    expect([await one.findOne(1), await other.findOne(1)]).toEqual([wien, wien]);
    expect([one.runs, other.runs]).toEqual([1, 0]);
  });

  test('may be a request-scoped controller', async ({ cluster }) => {
    let made = 0;
    let runs = 0;

    @Controller({ scope: Scope.REQUEST })
    class Places {
      constructor() {
        made += 1;
      }

      @Get(':id')
      @Cacheable(placeById, { params: (id: string) => ({ id }) })
      async findOne(@Param('id') _id: string): Promise<Place | null> {
        runs += 1;
        return wien;
      }
    }
    await using app = await startApp(cluster, { controllers: [Places] });

    expect([await app.request('/1'), await app.request('/1')]).toEqual([
      [200, wien],
      [200, wien],
    ]);
    expect([made, runs]).toEqual([2, 1]);
  });

  test('keeps its scope: a cached method makes nothing request-scoped', async ({ cluster }) => {
    @Injectable()
    class Single extends Counting {}
    await using app = await startApp(cluster, { providers: [Single] });

    expect(app.get(Single)).toBe(app.get(Single));
  });
});

describe('an inherited method', () => {
  @Injectable()
  class Inheriting extends Counting {}

  @Injectable()
  class Overriding extends Counting {
    own = 0;

    override async findOne(id: number): Promise<Place | null> {
      this.own += 1;
      return super.findOne(id);
    }
  }

  @Injectable()
  class OverridingAndCached extends Counting {
    own = 0;

    @Cacheable(placeById, { params: (id: number) => ({ id }) })
    override async findOne(id: number): Promise<Place | null> {
      this.own += 1;
      return super.findOne(id);
    }
  }

  @Injectable()
  class OnlyTheChildIsCached extends Overriding {
    @Cacheable(allPlaces)
    async findAll(): Promise<Place[]> {
      return [(await this.findOne(1)) ?? graz];
    }
  }

  test('is cached', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [Inheriting] });
    const places = app.get(Inheriting);

    expect([await places.findOne(1), await places.findOne(1)]).toEqual([wien, wien]);
    expect(places.runs).toBe(1);
  });

  test('that is overridden is cached where super is called', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [Overriding] });
    const places = app.get(Overriding);

    expect([await places.findOne(1), await places.findOne(1)]).toEqual([wien, wien]);
    expect([places.own, places.runs]).toEqual([2, 1]);
  });

  test('and its override may be cached under the same key', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [OverridingAndCached] });
    const places = app.get(OverridingAndCached);

    expect([await places.findOne(1), await places.findOne(1)]).toEqual([wien, wien]);
    expect([places.own, places.runs]).toEqual([1, 1]);
  });

  test('works in classes that add cached methods, by way of this', async ({ cluster }) => {
    await using app = await startApp(cluster, { providers: [OnlyTheChildIsCached] });
    const places = app.get(OnlyTheChildIsCached);

    expect([await places.findAll(), await places.findOne(1), await places.findAll()]).toEqual([
      [wien],
      wien,
      [wien],
    ]);
    expect([places.own, places.runs]).toEqual([2, 1]);
  });
});

test('two classes may cache under one key, and one of them call the other', async ({ cluster }) => {
  @Injectable()
  class Service extends Counting {}

  @Controller()
  class Places {
    constructor(@Inject(Service) readonly service: Service) {}

    @Get(':id')
    @Cacheable(placeById, { params: (id: string) => ({ id }) })
    async findOne(@Param('id') id: string): Promise<Place | null> {
      const both = await Promise.all([this.service.findOne(Number(id)), this.service.findOne(Number(id))]);
      return both[0];
    }
  }
  await using app = await startApp(cluster, { providers: [Service], controllers: [Places] });

  expect(await app.request('/1')).toEqual([200, wien]);
  expect(await app.get(Service).findOne(1)).toEqual(wien);
});

test('what a load leaves running is answered from the cache like anybody else', async ({ cluster }) => {
  const late = Promise.withResolvers<Place | null>();

  @Injectable()
  class Lingering {
    runs = 0;

    @Cacheable(placeById, { params: (id: number) => ({ id }) })
    async findOne(id: number): Promise<Place | null> {
      this.runs += 1;
      setTimeout(() => late.resolve(this.findOne(id)), 50);
      return wien;
    }
  }
  await using app = await startApp(cluster, { providers: [Lingering] });
  const lingering = app.get(Lingering);

  await lingering.findOne(1);
  expect(await late.promise).toEqual(wien);
  expect(lingering.runs).toBe(1);
});
