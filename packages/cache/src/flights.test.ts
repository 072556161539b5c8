import { describe, expect, it } from 'vitest';
import { type Flight, Flights } from './flights.ts';

/** Work that ends when it is told to, as a read does: with its flight ended before its callers are answered. */
function startedAt(flights: Flights, id = 'a') {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let started: Flight | undefined;
  const answer = flights.start<string>(id, async (flight) => {
    started = flight;
    try {
      return await promise;
    } finally {
      flights.end(flight);
    }
  });
  return { answer, flight: started as unknown as Flight, resolve, reject };
}

describe('flights of one key whose callers expect different things', () => {
  it('are joined by those who expect the same, and by those who accept anything of that version', () => {
    const flights = new Flights();
    const schema = { '~standard': { version: 1 as const, vendor: 'test', validate: () => ({}) } };
    const wait = () => new Promise<string>(() => {});
    const one = flights.start('a', wait, { version: 1 });
    const two = flights.start('a', wait, { version: 2, schema });
    expect(flights.find('a', { version: 1 })).toBe(one);
    expect(flights.find('a', { version: 2 })).toBe(two);
    expect(flights.find('a', { version: 2, schema })).toBe(two);
    expect(flights.find('a', { version: 1, schema })).toBeUndefined();
    expect(flights.find('a', { version: 2, schema: { ...schema } })).toBeUndefined();
    expect(flights.find('a', { version: 0 })).toBeUndefined();
    expect(flights.find('a')).toBeUndefined();
  });

  it('end each by itself, and are all closed when the key is invalidated', async () => {
    const flights = new Flights();
    const started: Flight[] = [];
    const wait = (flight: Flight) => {
      started.push(flight);
      return new Promise<string>(() => {});
    };
    const versions = [1, 2, 3, 4];
    for (const version of versions) void flights.start('a', wait, { version });
    for (const ended of [2, 4]) flights.end(started[ended - 1] as Flight);
    const joinable = () => versions.filter((version) => flights.find('a', { version }) !== undefined);
    expect(joinable()).toEqual([1, 3]);
    void flights.start('a', wait, { version: 3 });
    expect(started.map(({ isClean }) => isClean)).toEqual([true, true, false, true, true]);
    flights.close('a');
    expect(joinable()).toEqual([]);
    expect(started.map(({ isClean }) => isClean)).toEqual([false, true, false, true, false]);
  });
});

describe('a flight', () => {
  it('is joined while it is under way, and not afterwards', async () => {
    const flights = new Flights();
    const { answer, resolve } = startedAt(flights);
    expect(flights.find('a')).toBe(answer);
    expect(flights.find('b')).toBeUndefined();
    resolve('done');
    await expect(answer).resolves.toBe('done');
    expect(flights.find('a')).toBeUndefined();
  });

  it('that fails fails for all who joined, and leaves nothing behind', async () => {
    const flights = new Flights();
    const { answer, reject } = startedAt(flights);
    const joined = flights.find('a');
    reject(new Error('no'));
    await expect(answer).rejects.toThrow('no');
    await expect(joined).rejects.toThrow('no');
    expect(flights.find('a')).toBeUndefined();
  });

  it('whose key is invalidated still answers, but is joined no more and is not clean', async () => {
    const flights = new Flights();
    const before = startedAt(flights);
    expect(before.flight.isClean).toBe(true);
    flights.close('a');
    expect(before.flight.isClean).toBe(false);
    expect(flights.find('a')).toBeUndefined();

    const after = startedAt(flights);
    before.resolve('before');
    await expect(before.answer).resolves.toBe('before');
    // The end of the one is not the end of the other.
    expect(flights.find('a')).toBe(after.answer);
    expect(after.flight.isClean).toBe(true);
    after.resolve('after');
    await after.answer;
  });

  it('whose place another one takes is neither joined nor kept, for it would not learn of an invalidation', async () => {
    const flights = new Flights();
    const displaced = startedAt(flights);
    const forced = startedAt(flights);
    expect(flights.find('a')).toBe(forced.answer);
    expect(displaced.flight.isClean).toBe(false);

    displaced.resolve('before');
    await displaced.answer;
    // The end of the one is not the end of the other.
    expect(flights.find('a')).toBe(forced.answer);
    flights.close('a');
    expect(forced.flight.isClean).toBe(false);
  });

  it('is closed with all others', () => {
    const flights = new Flights();
    const [one, two] = [startedAt(flights, 'a'), startedAt(flights, 'b')];
    flights.closeAll();
    expect([one.flight.isClean, two.flight.isClean]).toEqual([false, false]);
    expect([flights.find('a'), flights.find('b')]).toEqual([undefined, undefined]);
  });

  it('that is over before it is handed out is not found afterwards', async () => {
    const flights = new Flights();
    const answer = flights.start('a', (flight) => {
      flights.end(flight);
      return Promise.resolve('at once');
    });
    expect(flights.find('a')).toBeUndefined();
    await expect(answer).resolves.toBe('at once');
  });
});
