import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoInstances } from './testing/two-instances.ts';

const VIENNA = 2_761_369;

let service: TwoInstances;

beforeAll(async () => {
  service = await TwoInstances.start();
});

afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
});

describe('bad input', () => {
  it.each([
    ['/places/abc', 'id: allowed: a whole number from 1 to 2147483647'],
    ['/places/0', 'id: allowed: a whole number'],
    ['/places/-5', 'id: allowed: a whole number'],
    ['/places/1e3', 'id: allowed: a whole number'],
    ['/places/99999999999999999999', 'id: allowed: a whole number'],
    ['/places/2147483648', 'id: allowed: a whole number'],
    ['/places/%00', 'id: allowed: a whole number'],
    ['/places/search', 'q: allowed: 1 to 64 characters'],
    ['/places/search?q=', 'q: allowed: 1 to 64 characters'],
    ['/places/search?q=%20', 'q: allowed: 1 to 64 characters'],
    ['/places/search?q=%00', 'q: allowed: 1 to 64 characters'],
    [`/places/search?q=${'x'.repeat(65)}`, 'q: allowed: 1 to 64 characters'],
    ['/places/search?q=a&q=b', 'q: allowed: 1 to 64 characters'],
    ['/places/search?q=a&limit=51', 'limit: allowed: a whole number from 1 to 50'],
    ['/places/search?q=a&limit=NaN', 'limit: allowed: a whole number from 1 to 50'],
    ['/places/search?q=a&page=2', 'page'],
    ['/places/near?lat=NaN&lon=0', 'lat: allowed: a number from -90 to 90'],
    ['/places/near?lat=91&lon=0', 'lat: allowed: a number from -90 to 90'],
    ['/places/near?lat=0&lon=Infinity', 'lon: allowed: a number from -180 to 180'],
    ['/places/near?lat=0', 'lon: allowed: a number from -180 to 180'],
  ])('GET %s is refused with what is allowed', async (path, message) => {
    expect(refusal(await service.ask(path))).toContain(message);
  });

  it.each<[string, unknown, string]>([
    ['half an object', '{"name":', 'body: not JSON; allowed: a JSON object'],
    ['a text', '"name"', 'body: not JSON; allowed: a JSON object'],
    ['a list', [], 'allowed: a JSON object with name, population or both'],
    ['nothing in it', {}, 'nothing to change; allowed: name, population or both'],
    ['an empty name', { name: '' }, 'name: allowed: 1 to 120 characters'],
    ['a long name', { name: 'x'.repeat(121) }, 'name: allowed: 1 to 120 characters'],
    ['a number for a name', { name: 42 }, 'name: allowed: 1 to 120 characters'],
    ['a zero character', { name: 'a\u0000b' }, 'name: allowed: 1 to 120 characters'],
    ['half a surrogate pair', '{"name":"\\ud800"}', 'name: allowed: 1 to 120 characters'],
    ['fewer than no inhabitants', { population: -1 }, 'population: allowed: a whole number from 0'],
    ['half an inhabitant', { population: 1.5 }, 'population: allowed: a whole number from 0'],
    ['a text for a number', { population: '5' }, 'population: allowed: a whole number from 0'],
    ['too many inhabitants', { population: 1e300 }, 'population: allowed: a whole number from 0'],
    ['a field that cannot be changed', { version: 9 }, 'version'],
    ['a prototype', '{"__proto__":{"name":"x"}}', ''],
    ['far too much', { name: 'x'.repeat(20_000) }, 'body: too large; allowed: up to 16384 bytes'],
  ])('PATCH with %s is refused with what is allowed', async (_what, body, message) => {
    expect(refusal(await service.patch(VIENNA, body))).toContain(message);
  });

  it('refuses a body that is not sent as JSON', async () => {
    expect(refusal(await service.ask(`/places/${VIENNA}`, { method: 'PATCH', body: 'name=x' }))).toContain(
      'allowed: a JSON object',
    );
  });

  it('refuses a path that cannot be decoded', async () => {
    expect(refusal(await service.ask('/places/%E0%A4%A'))).toContain('Failed to decode param');
  });
});

/** What a refusal says. Anything but a 400 without a stack is none. */
function refusal({ status, body }: Awaited<ReturnType<TwoInstances['ask']>>): string {
  if (status !== 400) return `no refusal, but status ${status}`;
  if (/stack|at .*\.[jt]s/.test(JSON.stringify(body))) return 'a stack';
  return String(body.message);
}
