import { Cache } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { key } from '@keyslot/keys';
import {
  Cacheable,
  CacheEvict,
  KeyslotModule,
  type KeyslotModuleOptions,
  provideCache,
} from '@keyslot/nestjs';
import { Get } from '@nestjs/common';
import { expectTypeOf } from 'vitest';

/*
 * What the compiler promises about decorated methods. Nothing here runs: `tsc -p test/tsconfig.json --noEmit` is the
 * test, and an error that stops happening fails it like one that begins.
 */

interface Place {
  readonly name: string;
}

declare const place: Place;
declare const computed: string;

const placeById = key('places:{place:<id>}:detail').holds<Place | null>();
const orders = key('shop:<shop>:{user:<user>}:orders').holds<number[]>();
const allPlaces = key('places:all').holds<Place[]>();
const dynamic = key(computed).holds<Place>();

class Fits {
  @Cacheable(placeById, { params: (id: number) => ({ id }), ttl: '5m' })
  async findOne(_id: number): Promise<Place | null> {
    return place;
  }

  // `params` takes fewer arguments than the method.
  @Cacheable(orders, { params: (shop: string, user: number) => ({ shop, user }) })
  async ordersOf(_shop: string, _user: number, _verbose?: boolean): Promise<number[]> {
    return [];
  }

  // `params` takes more than the method gives.
  @Cacheable(placeById, { params: (id: number | string) => ({ id }) })
  async findMore(_id: number): Promise<Place | null> {
    return place;
  }

  @Cacheable(placeById, { params: (id?: number) => ({ id: id ?? 'home' }) })
  async findHome(_id?: number): Promise<Place | null> {
    return place;
  }

  // The result's type is worked out, and the decorator is one of several.
  @Get()
  @Cacheable(allPlaces, { ttl: 1000 })
  async findAll() {
    return [place];
  }

  @Cacheable(allPlaces)
  protected async findAllAgain(): Promise<Place[]> {
    return [place];
  }

  @Cacheable(dynamic, { params: (whatever: string) => ({ whatever }) })
  async findDynamic(_whatever: string): Promise<Place> {
    return place;
  }

  @CacheEvict(placeById, { params: (id: number, _changes) => ({ id }) })
  async update(_id: number, _changes: Partial<Place>): Promise<Place> {
    return place;
  }

  @CacheEvict(placeById, { params: (...ids: number[]) => ids.map((id) => ({ id })) })
  async deleteAll(..._ids: number[]): Promise<void> {}

  @CacheEvict(allPlaces)
  async add(_place: Place): Promise<void> {}
}

class DoesNotFit {
  // @ts-expect-error the method takes a string
  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  async otherArgument(_id: string): Promise<Place | null> {
    return place;
  }

  // @ts-expect-error the method may be given a string
  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  async widerArgument(_id: number | string): Promise<Place | null> {
    return place;
  }

  // @ts-expect-error the method may be given nothing
  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  async optionalArgument(_id?: number): Promise<Place | null> {
    return place;
  }

  // @ts-expect-error the method is given no argument
  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  async noArgument(): Promise<Place | null> {
    return place;
  }

  // @ts-expect-error one of the rest is no number
  @CacheEvict(placeById, { params: (...ids: number[]) => ids.map((id) => ({ id })) })
  async otherRest(_id: number, _name: string): Promise<void> {}

  // @ts-expect-error the key holds places
  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  async otherResult(_id: number): Promise<string> {
    return '';
  }

  // @ts-expect-error the cache may answer null
  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  async narrowerResult(_id: number): Promise<Place> {
    return place;
  }

  // @ts-expect-error undefined could not be kept
  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  async widerResult(_id: number): Promise<Place | null | undefined> {
    return place;
  }

  // @ts-expect-error it would return a promise from now on, and its callers would not know
  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  notAPromise(_id: number): Place | null {
    return place;
  }

  // @ts-expect-error a key with a parameter needs params
  @Cacheable(placeById)
  async withoutParams(_id: number): Promise<Place | null> {
    return place;
  }

  // @ts-expect-error a key with a parameter needs params, also beside other options
  @Cacheable(placeById, { ttl: '5m' })
  async withoutParamsEither(_id: number): Promise<Place | null> {
    return place;
  }

  // @ts-expect-error a parameter is misspelt
  @Cacheable(placeById, { params: (id: number) => ({ iD: id }) })
  async misspelt(_id: number): Promise<Place | null> {
    return place;
  }

  // @ts-expect-error a parameter is missing
  @Cacheable(orders, { params: (shop: string) => ({ shop }) })
  async missing(_shop: string): Promise<number[]> {
    return [];
  }

  // @ts-expect-error a parameter is one too many
  @Cacheable(placeById, { params: (id: number) => ({ id, name: 'x' }) })
  async tooMany(_id: number): Promise<Place | null> {
    return place;
  }

  // @ts-expect-error an object is no parameter
  @Cacheable(placeById, { params: (filter: object) => ({ id: filter }) })
  async noParameter(_filter: object): Promise<Place | null> {
    return place;
  }

  // @ts-expect-error an argument without a type may be anything, which is no parameter
  @Cacheable(placeById, { params: (id) => ({ id }) })
  async untyped(_id: number): Promise<Place | null> {
    return place;
  }

  // @ts-expect-error a ttl is milliseconds or a text with a unit
  @Cacheable(allPlaces, { ttl: 'soon' })
  async badTtl(): Promise<Place[]> {
    return [];
  }

  // @ts-expect-error only methods can be cached
  @Cacheable(allPlaces)
  get places(): Promise<Place[]> {
    return Promise.resolve([]);
  }

  // @ts-expect-error a parameter is misspelt
  @CacheEvict(placeById, { params: (id: number) => [{ iD: id }] })
  async evictMisspelt(_id: number): Promise<void> {}

  // @ts-expect-error the method takes a string
  @CacheEvict(placeById, { params: (id: number) => ({ id }) })
  async evictOther(_id: string): Promise<void> {}

  // @ts-expect-error a key with a parameter needs params
  @CacheEvict(placeById)
  async evictWithoutParams(_id: number): Promise<void> {}

  // @ts-expect-error nobody could wait for the eviction
  @CacheEvict(allPlaces)
  evictAtOnce(): void {}
}

// A decorated method has the type that it was written with.
expectTypeOf<Fits['findOne']>().toEqualTypeOf<(_id: number) => Promise<Place | null>>();

declare const cache: Cache;
expectTypeOf(provideCache(new Fits(), cache)).toEqualTypeOf<Fits>();
// @ts-expect-error a stand-in offers what decorated methods call
provideCache(new DoesNotFit(), { delete: async () => ({ outcome: 'deleted' }) });

// Options are checked where they are written, in all forms.
const options: KeyslotModuleOptions = { client: { nodes: [{ host: '127.0.0.1', port: 1 }] } };
KeyslotModule.forRoot({ ...options, isGlobal: false });
KeyslotModule.forRoot({ client: new ClusterClient({ nodes: [] }), cache: { namespace: 'shop', ttl: '1m' } });
KeyslotModule.forRootAsync({ isGlobal: true, inject: [Cache], useFactory: async (_cache: Cache) => options });
// @ts-expect-error the client is missing
KeyslotModule.forRoot({ cache: {} });
// @ts-expect-error the module gives the cache its client
KeyslotModule.forRoot({ ...options, cache: { client: new ClusterClient({ nodes: [] }) } });
// @ts-expect-error the factory forgets the client
KeyslotModule.forRootAsync({ useFactory: () => ({ cache: {} }) });
// @ts-expect-error the class does not make options
KeyslotModule.forRootAsync({ useClass: Fits });
