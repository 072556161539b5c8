import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { LoadContext } from '@keyslot/cache';
import { Cache } from '@keyslot/cache';
import { Cacheable, CacheEvict, KeyslotModule, provideCache } from '@keyslot/nestjs';
import { Injectable, Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it, vi } from 'vitest';
import { startAppFrom } from './app.ts';
import { allPlaces, type Place, placeById, wien } from './places.ts';

@Injectable()
class Places {
  runs = 0;

  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  async findOne(_id: number): Promise<Place | null> {
    this.runs += 1;
    return wien;
  }

  @CacheEvict(placeById, { params: (id: number) => ({ id }) })
  async rename(_id: number): Promise<string> {
    return 'renamed';
  }
}

/** An address where nothing listens, because something did a moment ago. */
async function deadAddress(): Promise<{ host: string; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { host: '127.0.0.1', port };
}

describe('an application whose cluster is down', () => {
  it('starts at once, answers from its methods, says so once, and stops', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    try {
      const nodes = [await deadAddress()];
      const startedAt = performance.now();
      const app = await startAppFrom({
        imports: [KeyslotModule.forRoot({ client: { nodes, deadline: 50 }, cache: { deleteWithin: 50 } })],
        providers: [Places],
      });
      expect(performance.now() - startedAt).toBeLessThan(2000);

      const places = app.get(Places);
      expect([await places.findOne(1), await places.findOne(1)]).toEqual([wien, wien]);
      expect(await places.rename(1)).toBe('renamed');
      expect(places.runs).toBe(2);

      await vi.waitFor(() => expect(warn).toHaveBeenCalled(), 8000);
      await app.nest.close();
      expect(warn.mock.calls.map(([message]) => String(message))).toEqual([
        expect.stringMatching(/^Starting without the cluster/),
      ]);
    } finally {
      warn.mockRestore();
    }
  }, 15_000);

  it('says nothing when it is stopped before', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    try {
      const app = await startAppFrom({
        imports: [KeyslotModule.forRoot({ client: { nodes: [await deadAddress()] } })],
      });
      await app.nest.close();
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(warn).not.toHaveBeenCalled();
    } finally {
      warn.mockRestore();
    }
  });
});

describe('an instance that was given no cache', () => {
  it('says which class and method, and what to do', async () => {
    const places = new Places();
    await expect(places.findOne(1)).rejects.toMatchObject({
      code: 'NESTJS_CACHE_NOT_INJECTED',
      method: 'Places.findOne',
      message: expect.stringMatching(/^Places\.findOne has @Cacheable.*provideCache\(instance, cache\)$/),
    });
    await expect(places.rename(1)).rejects.toThrow(/^Places\.rename has @CacheEvict/);
    expect(places.runs).toBe(0);
  });

  it('says the same of a method that was called without its instance', async () => {
    const alone = Object.getOwnPropertyDescriptor(Places.prototype, 'findOne')?.value as Places['findOne'];
    await expect(Reflect.apply(alone, undefined, [1])).rejects.toMatchObject({
      code: 'NESTJS_CACHE_NOT_INJECTED',
    });
  });

  it('does not start when KeyslotModule is missing; Nest names the class and the module', async () => {
    const start = Test.createTestingModule({ providers: [Places] }).compile();
    await expect(start).rejects.toThrow(
      /dependencies of the Places\. .*Cache, which KeyslotModule\.forRoot\(\) provides/,
    );
  });

  it('takes one from provideCache', async () => {
    const evicted: string[] = [];
    const places = provideCache(new Places(), {
      getOrSet: async (_key, load) => load({} as LoadContext<never>),
      delete: async (key) => {
        evicted.push(key.text);
        return { outcome: 'deleted' };
      },
    });

    expect(await places.findOne(1)).toEqual(wien);
    expect(await places.rename(7)).toBe('renamed');
    expect(evicted).toEqual(['places:{place:7}:detail']);
  });
});

it('a cache that a test overrides is what methods use, and no client of its is opened or closed', async () => {
  const close = vi.fn<() => Promise<void>>();
  const stand = { getOrSet: async () => null, close };
  const module = await Test.createTestingModule({
    imports: [KeyslotModule.forRoot({ client: { nodes: [await deadAddress()] } })],
    providers: [Places],
  })
    .overrideProvider(Cache)
    .useValue(stand)
    .compile();
  await module.init();

  expect(await module.get(Places).findOne(1)).toBeNull();
  await module.close();
  expect(close).not.toHaveBeenCalled();
});

describe('a decorator', () => {
  const decorate = (target: object, name: string | symbol, descriptor?: PropertyDescriptor) =>
    Cacheable(allPlaces)(target, name, descriptor as TypedPropertyDescriptor<() => Promise<Place[]>>);

  it('is refused on what is no instance method, where the class is defined', () => {
    class Target {
      all = [];
    }
    const where = { on: Target.prototype, getter: { get: () => [] }, method: { value: async () => [] } };

    expect(() => decorate(Target, 'findAll', where.method)).toThrow(
      /^@Cacheable on Target\.findAll: got a static member; allowed: an instance method, compiled with/,
    );
    expect(() => decorate(where.on, 'all', where.getter)).toThrow(
      /Target\.all: got a property or an accessor/,
    );
    expect(() => decorate(where.on, 'all')).toThrow(
      expect.objectContaining({ code: 'NESTJS_UNUSABLE_DECORATOR' }),
    );
  });

  it('says that it was compiled as a standard decorator', () => {
    async function findAll(): Promise<void> {}
    expect(() => decorate(findAll, { kind: 'method', name: 'findAll' } as unknown as string)).toThrow(
      /findAll: got a standard decorator/,
    );
  });

  it('is refused with a ttl that is no duration', () => {
    expect(() => Cacheable(allPlaces, { ttl: '5 minutes' as '5m' })).toThrow(/^ttl: got '5 minutes'/);
  });
});
