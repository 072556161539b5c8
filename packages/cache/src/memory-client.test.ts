import { CommandFailedError, defineScript } from '@keyslot/cluster';
import { key, rawKey } from '@keyslot/keys';
import { ManualClock } from '@keyslot/testkit';
import { describe, expect, it } from 'vitest';
import { createMemoryCache } from './memory-cache.ts';
import { MemoryClient } from './memory-client.ts';
import { mark, renew } from './scripts/index.ts';

const entry = rawKey<string>('places:42');
const lease = Buffer.concat([Buffer.from('L'), Buffer.alloc(16, 7)]);

/** Collects what is told to a listener. */
function listening() {
  const told: string[] = [];
  return {
    told,
    listener: {
      onMessage: (message: Buffer) => void told.push(String(message)),
      onStanding: () => void told.push('<standing>'),
      onDown: () => void told.push('<down>'),
    },
  };
}

describe('time', () => {
  it('is the clock given: a key is there until its time is up, and not from then on', async () => {
    const clock = new ManualClock(1_000);
    const client = new MemoryClient({ clock });
    await client.call('set', [entry.text, 'value', 'PX', 500]);
    await clock.advance(499);
    expect(await client.getBuffer(entry)).toEqual(Buffer.from('value'));
    expect(await client.call('pttl', [entry.text])).toBe(1);
    await clock.advance(1);
    expect(await client.getBuffer(entry)).toBeNull();
    expect(await client.call('pttl', [entry.text])).toBe(-2);
    expect(await client.delete(entry)).toBe('absent');
    expect(clock.sleeping).toBe(0);
  });

  it('is left alone by a mark and moved by a renewal, which finds nothing once it is up', async () => {
    const clock = new ManualClock();
    const client = new MemoryClient({ clock });
    await client.call('set', [entry.text, lease, 'NX', 'GET', 'PX', 300]);
    await clock.advance(200);
    expect(await client.run(mark, { entry }, { lease })).toMatchObject({ leftMs: 100 });
    expect(await client.run(renew, { entry }, { lease, leaseMs: 300 })).toBe('renewed');
    await clock.advance(299);
    expect(await client.run(mark, { entry }, { lease })).toMatchObject({ leftMs: 1 });
    await clock.advance(1);
    expect(await client.run(renew, { entry }, { lease, leaseMs: 300 })).toBe('lost');
    expect(await client.run(mark, { entry }, { lease })).toEqual({ kind: 'ended', bytes: null });
  });
});

describe('bytes', () => {
  it('are copied in and out', async () => {
    const client = new MemoryClient();
    const mine = Buffer.from('value');
    await client.call('set', [entry.text, mine, 'PX', 1_000]);
    mine.fill(0);
    (await client.getBuffer(entry))?.fill(0);
    expect(await client.call('get', [entry.text])).toBe('value');
  });
});

describe('what it does not know', () => {
  it.each([
    ['a command', ['hset', 'a', 'b']],
    ['an option of SET', ['set', 'a', 'b', 'KEEPTTL']],
    ['a time that is none', ['set', 'a', 'b', 'PX', '0']],
    ['a time that is no number', ['set', 'a', 'b', 'PX', '1.5']],
    ['a time that is missing', ['set', 'a', 'b', 'PX']],
    ['a SET without a value', ['set', 'a']],
    ['a GET without a key', ['get']],
  ])('%s is refused', async (_, [name = '', ...args]) => {
    const client = new MemoryClient();
    await expect(client.call(name, args)).rejects.toMatchObject({
      code: 'CLUSTER_COMMAND_FAILED',
      reply: 'ERR',
    });
    expect(await client.getBuffer('a')).toBeNull();
  });

  it('a script is refused by its name', async () => {
    const source = { name: 'theirs', sha1: '', text: '', keys: ['entry'], args: [] } as const;
    const script = defineScript<'entry', Record<string, never>, unknown>(source, 'once', (reply) => reply);
    await expect(new MemoryClient().run(script, { entry }, {})).rejects.toThrow(
      'The script theirs: NOSCRIPT the in-memory stand-in runs no Lua',
    );
  });
});

describe('a batch', () => {
  it('answers in order, and one that fails costs no other', async () => {
    const outcomes = await new MemoryClient().batch([
      ['set', 'a', 'A', 'PX', 1_000],
      ['hset', 'a'],
      ['get', 'a'],
    ]);
    expect(outcomes).toEqual([
      { outcome: 'answered', value: 'OK' },
      { outcome: 'failed', error: expect.any(CommandFailedError) },
      { outcome: 'answered', value: 'A' },
    ]);
  });
});

describe('an aborted signal', () => {
  it('ends a call before it has done anything', async () => {
    const client = new MemoryClient();
    const signal = AbortSignal.abort('enough');
    await expect(client.call('set', ['a', 'b'], { signal })).rejects.toMatchObject({
      code: 'CLUSTER_ABORTED',
      executed: 'no',
      cause: 'enough',
    });
    expect(await client.getBuffer('a')).toBeNull();
  });
});

describe('channels', () => {
  it('stand, tell and end, each never within the call that has it so', async () => {
    const client = new MemoryClient();
    const { told, listener } = listening();
    await client.publish('news', 'too early');
    const subscription = client.subscribe('news', listener);
    client.subscribe('other', listening().listener);
    void client.publish('news', 'also too early');
    expect([told, subscription.stands]).toEqual([[], false]);
    await Promise.resolve();
    const published = client.publish('news', 'one');
    expect([told, subscription.stands]).toEqual([['<standing>'], true]);
    await published;
    void client.publish('news', 'on its way');
    await subscription[Symbol.asyncDispose]();
    await subscription[Symbol.asyncDispose]();
    await client.publish('news', 'too late');
    expect([told, subscription.stands]).toEqual([['<standing>', 'one', '<down>'], false]);
  });

  it('that end before they stand tell nothing', async () => {
    const { told, listener } = listening();
    await new MemoryClient().subscribe('news', listener)[Symbol.asyncDispose]();
    await Promise.resolve();
    expect(told).toEqual([]);
  });

  it('of the shard are others than the classic ones of the same name', async () => {
    const client = new MemoryClient();
    const { told, listener } = listening();
    client.subscribeShard('news', listener);
    await Promise.resolve();
    await client.publish('news', 'one');
    expect(told).toEqual(['<standing>']);
  });
});

describe('caches on one client', () => {
  it("take the client's clock", async () => {
    const clock = new ManualClock();
    const client = new MemoryClient({ clock });
    const place = key('places:<id>').holds<string>()({ id: 42 });
    await using one = createMemoryCache({ client, ttl: '1m', jitter: 0, local: { ttl: '10m' } });
    await using two = createMemoryCache({ client });
    await Promise.all([one.ready(), two.ready()]);
    await one.getOrSet(place, () => 'Wien');
    // A copy in memory lives for half of what is left at most.
    await clock.advance(29_999);
    await client.delete(place);
    expect([await one.get(place), await two.get(place)]).toEqual(['Wien', undefined]);
    await clock.advance(1);
    expect(await one.get(place)).toBeUndefined();
  });
});
