import { setTimeout as sleep } from 'node:timers/promises';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { commits } from './database/schema.ts';
import { PlacesRepository } from './places/places.repository.ts';
import type { Stats } from './stats/stats.ts';
import { TwoInstances } from './testing/two-instances.ts';

const VIENNA = 2_761_369;
const ZURICH = 2_657_896;
const LINZ = 2_772_400;
const GRAZ = 2_778_067;
const UNKNOWN = 2_000_000_001;

let service: TwoInstances;

beforeAll(async () => {
  service = await TwoInstances.start();
});

afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
});

afterEach(() => vi.restoreAllMocks());

/** How often the instances ask the database for a place. */
function countLoads() {
  const spies = service.apps.map((app) => vi.spyOn(app.get(PlacesRepository), 'find'));
  return () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
}

describe('GET /places/:id', () => {
  it('answers with the place and its version', async () => {
    expect(await service.ask(`/places/${VIENNA}`)).toEqual({
      status: 200,
      body: {
        id: VIENNA,
        name: 'Vienna',
        country: 'AT',
        adminCode: '09',
        featureCode: 'PPLC',
        population: 1_691_468,
        lat: 48.20849,
        lon: 16.37208,
        version: 1,
        updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
    });
  });

  it('loads a place once, however many callers of both instances ask at once', async () => {
    const loads = countLoads();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, caller) => service.ask(`/places/${LINZ}`, { instance: caller % 2 })),
    );
    expect(new Set(answers.map(({ body }) => body.name))).toEqual(new Set(['Linz']));
    expect(loads()).toBe(1);
  });

  it('remembers that there is no such place', async () => {
    const loads = countLoads();
    for (const instance of [0, 1, 0]) {
      expect(await service.ask(`/places/${UNKNOWN}`, { instance })).toMatchObject({
        status: 404,
        body: { message: `id: there is no place ${UNKNOWN}` },
      });
    }
    expect(loads()).toBe(1);
  });
});

describe('PATCH /places/:id', () => {
  it('is seen at once by the instance that made it, and soon by the other', async () => {
    for (const instance of [0, 1])
      expect((await service.ask(`/places/${GRAZ}`, { instance })).body.version).toBe(1);

    const changed = await service.patch(GRAZ, { name: 'Gräz', population: 300_000 });
    expect(changed).toMatchObject({ status: 200, body: { name: 'Gräz', population: 300_000, version: 2 } });
    expect((await service.ask(`/places/${GRAZ}`)).body).toEqual(changed.body);

    await expect
      .poll(async () => (await service.ask(`/places/${GRAZ}`, { instance: 1 })).body, { timeout: 2000 })
      .toEqual(changed.body);
    expect((await service.list('/places/search?q=GRAZ'))[0]).toEqual(changed.body);
  });

  it('never shows an instance an older version than it has shown before', async () => {
    const writing = new AbortController();
    const seen: number[][] = [[], []];
    const readers = [0, 1].map(async (instance) => {
      while (!writing.signal.aborted) {
        seen[instance]?.push((await service.ask(`/places/${VIENNA}`, { instance })).body.version);
      }
    });
    for (let change = 0; change < 30; change++) {
      await service.patch(VIENNA, { population: 2_000_000 + change }, change % 2);
      await sleep(10);
    }
    writing.abort();
    await Promise.all(readers);
    for (const versions of seen) expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect((await service.ask(`/places/${VIENNA}`)).body.version).toBe(31);
  });

  it('records every commit', async () => {
    await service.patch(ZURICH, { population: 400_000 });
    await service.patch(ZURICH, { population: 400_001 }, 1);
    const log = await service.db.select().from(commits).where(eq(commits.placeId, ZURICH));
    expect(log.map(({ version }) => version)).toEqual([2, 3]);
  });

  it('answers 404 for a place that is not there', async () => {
    expect(await service.patch(UNKNOWN, { name: 'Nowhere' })).toMatchObject({ status: 404 });
  });
});

describe('GET /places/search', () => {
  it('finds names by their beginning, whatever case and diacritics, the largest first', async () => {
    const body = await service.list(`/places/search?q=${encodeURIComponent('SÃO p')}&limit=2`);
    expect(body.map(({ name }) => name)).toEqual(['São Paulo', 'São Pedro da Aldeia']);
  });

  it("finds 's-Hertogenbosch", async () => {
    const body = await service.list("/places/search?q='s-");
    expect(body.map(({ name }) => name)).toEqual(["'s-Hertogenbosch"]);
  });

  it.each(['%', '_', '\\', '"'])('takes %s as it is', async (character) => {
    expect(await service.list(`/places/search?q=${encodeURIComponent(character)}`)).toEqual([]);
  });
});

describe('GET /places/near', () => {
  it('lists the nearest first, with their distance', async () => {
    const body = await service.list('/places/near?lat=48.2&lon=16.37&limit=3');
    expect(body[0]).toMatchObject({ id: VIENNA, distanceKm: expect.closeTo(0.96, 1) });
    expect(body).toHaveLength(3);
  });

  it('shows the details as they are now, while the list comes from the cache', async () => {
    const spies = service.apps.map((app) => vi.spyOn(app.get(PlacesRepository), 'near'));
    const path = '/places/near?lat=47.37&lon=8.54&limit=1';
    await service.list(path);
    const { body: changed } = await service.patch(ZURICH, { population: 500_000 });
    expect(await service.list(path)).toEqual([{ ...changed, distanceKm: expect.any(Number) }]);
    expect(spies.map((spy) => spy.mock.calls.length)).toEqual([1, 0]);
  });

  it.each([
    ['in the middle of a continent', 50, 10],
    ['on the date line', -17, 180],
    ['beyond it', 65, -179.5],
    ['at the north pole', 90, 0],
    ['at the south pole', -90, 123.456],
    ['in the middle of an ocean', -48.876, -123.393],
    ['where longitudes begin', 5, 0],
  ])('finds the same places as measuring all distances does, %s', async (_where, lat, lon) => {
    const body = await service.list(`/places/near?lat=${lat}&lon=${lon}&limit=20`);
    const nearest = service.cities
      .map(({ cityId, loc: { coordinates } }) => ({ id: cityId, km: distanceKm(lat, lon, coordinates) }))
      .toSorted((a, b) => a.km - b.km);
    expect(body.map(({ distanceKm: km }) => Math.round(km * 100))).toEqual(
      nearest.slice(0, 20).map(({ km }) => Math.round(km * 100)),
    );
  });
});

describe('GET /stats', () => {
  it('counts requests and what the cache did', async () => {
    const before = (await service.fetch('/stats')).body as Stats;
    await service.ask(`/places/${LINZ}`);
    await service.ask(`/places/${LINZ}`);
    await service.patch(LINZ, { population: 1 });
    const { requests, errors, cache } = (await service.fetch('/stats')).body as Stats;
    expect(requests - before.requests).toBe(4);
    expect(errors).toBe(0);
    expect(cache.localHits - before.cache.localHits).toBeGreaterThanOrEqual(1);
    expect(cache.invalidations - before.cache.invalidations).toBe(1);
    expect(cache.loadsKeptNowhere).toBe(0);
  });
});

function distanceKm(lat: number, lon: number, [toLon, toLat]: readonly [number, number]): number {
  const radians = Math.PI / 180;
  const sinLat = Math.sin(((toLat - lat) * radians) / 2);
  const sinLon = Math.sin(((toLon - lon) * radians) / 2);
  const h = sinLat ** 2 + Math.cos(lat * radians) * Math.cos(toLat * radians) * sinLon ** 2;
  return 2 * 6371 * Math.asin(Math.min(1, Math.sqrt(h)));
}
