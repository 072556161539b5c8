import { setTimeout as sleep } from 'node:timers/promises';
import { type Cache, createMemoryCache, MemoryClient } from '@keyslot/cache';
import { type Key, rawKey } from '@keyslot/keys';
import { ManualClock } from '@keyslot/testkit';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Message } from '../../packages/cache/src/message.ts';
import { Proof } from '../../packages/cache/src/proof.ts';
import { problemsDuring } from './watching.ts';

const CHANNEL = 'keyslot:shop:invalidations';
const place: Key<string> = rawKey<string>('place:1');

let clock: ManualClock;
let client: MemoryClient;
let cache: Cache;

/** What another process would say, or somebody who says that it is one. */
async function say(kind: Message['kind'], keys: readonly string[], ...proofs: string[]): Promise<void> {
  await client.publish(CHANNEL, messageOf(kind, keys, proofs));
  await Promise.resolve();
}

function messageOf(kind: Message['kind'], keys: readonly string[], proofs: readonly string[]): string {
  return JSON.stringify({ v: 1, from: 'another', kind, keys, ...(proofs.length > 0 && { proofs }) });
}

beforeEach(async () => {
  clock = new ManualClock(1_000_000);
  client = new MemoryClient({ clock });
  cache = createMemoryCache({ client, namespace: 'shop', local: { ttl: '1m' } });
  onTestFinished(() => cache.close());
  await cache.ready();
  await cache.getOrSet(place, () => 'Wien');
});

describe('a doubt that another process told', () => {
  it.each([[0], [-60_000], [60_000]])(
    'lasts three seconds, though the clock is set by %i ms meanwhile',
    async (byMs) => {
      await say('doubtful', ['shop:place:1']);
      await clock.advance(1_000);
      clock.set(clock.now() + byMs);
      await clock.advance(1_999);
      expect(await cache.get(place)).toBeUndefined();
      clock.set(clock.now() - byMs);
      await clock.advance(1);
      expect(await cache.get(place)).toBe('Wien');
    },
  );
});

describe('a doubt that another process told with a seal', () => {
  const proof = new Proof();

  it('ends when that one shows what the seal is of, and for no other key', async () => {
    await say('doubtful', ['shop:place:1', 'shop:place:2'], proof.seal, new Proof().seal);
    expect(await cache.get(place)).toBeUndefined();
    await say('deleted', ['shop:place:2'], proof.secret);
    expect(await cache.get(place)).toBeUndefined();
    await say('deleted', ['shop:place:1'], proof.secret);
    expect(await cache.get(place)).toBe('Wien');
  });

  it('does not end because anybody says so who only heard of it', async () => {
    await say('doubtful', ['shop:place:1'], proof.seal);
    await say('deleted', ['shop:place:1']);
    for (const guess of [proof.seal, 'another', '', new Proof().secret]) {
      await say('deleted', ['shop:place:1'], guess);
    }
    expect(await cache.get(place)).toBeUndefined();
  });
});

describe('a delete that is not confirmed', () => {
  /** A shard that is away for deletes, as long as it is said to be. */
  class Away extends MemoryClient {
    isAway = false;

    override async delete(...args: Parameters<MemoryClient['delete']>): ReturnType<MemoryClient['delete']> {
      if (this.isAway) throw new Error('away');
      return await super.delete(...args);
    }
  }

  /** Two caches, and what one of them tells of a delete that the shard does not confirm. */
  async function whileAway(
    work: (one: Cache, two: Cache, told: readonly string[], client: Away) => Promise<void>,
  ) {
    const away = new Away({ clock });
    const options = { client: away, namespace: 'shop', local: false, deleteWithin: 1 } as const;
    await using one = createMemoryCache(options);
    await using two = createMemoryCache(options);
    await Promise.all([one.ready(), two.ready()]);
    const told: string[] = [];
    await using _ = away.subscribe(CHANNEL, {
      onMessage: (bytes) => void told.push((JSON.parse(bytes.toString()) as Message).kind),
      onStanding: () => {},
      onDown: () => {},
    });
    await one.set(place, 'old');
    away.isAway = true;
    expect(await one.delete(place)).toEqual({ outcome: 'pending' });
    await work(one, two, told, away);
  }

  it('is doubtful elsewhere until it is, and no longer', async () => {
    await whileAway(async (_, two, told, away) => {
      const load = () => two.lookup(place, () => 'new');
      expect(await load()).toMatchObject({ value: 'new', kept: 'not-led' });
      away.isAway = false;
      await expect.poll(() => told).toContain('deleted');
      // By the clock no time has passed.
      expect(await load()).toMatchObject({ value: 'new', kept: 'filled' });
    });
  });

  it('is told of again every half second, by a clock that nobody sets', async () => {
    await whileAway(async (_one, _two, told) => {
      const doubts = () => told.filter((kind) => kind === 'doubtful').length;
      // Once when it failed, and once when it was tried again.
      await expect.poll(doubts).toBe(2);
      clock.set(clock.now() + 60_000);
      await sleep(200);
      expect(doubts()).toBe(2);
      await clock.advance(500);
      await expect.poll(doubts).toBe(3);
    });
  });
});

describe('a message', () => {
  it('of keys in this namespace is acted on, whoever of it they belong to', async () => {
    const theirs = cache.forTenant('acme');
    await theirs.getOrSet(place, () => 'Graz');
    await say('replaced', ['shop:place:1', 'shop:@acme:place:1']);
    expect([cache.peek(place), theirs.peek(place)]).toEqual([undefined, undefined]);
  });

  it.each([['mall:place:1'], ['place:1'], ['shop'], ['shop:'], ['SHOP:place:1'], [''], ['shop:@acme']])(
    'of a key that is none of this namespace (%j) is told and not acted on',
    async (text) => {
      const problems = await problemsDuring(() => say('doubtful', [text, 'shop:place:1']));
      expect(problems).toEqual([{ what: 'malformed-message', why: 'a key that is none of this namespace' }]);
      expect(cache.peek(place)).toBe('Wien');
      expect(await cache.get(place)).toBe('Wien');
    },
  );

  it('of a key that is longer than keys are is told and not acted on', async () => {
    const problems = await problemsDuring(() =>
      say('replaced', [`shop:${'x'.repeat(65_536)}`, 'shop:place:1']),
    );
    expect(problems).toMatchObject([{ what: 'malformed-message' }]);
    expect(cache.peek(place)).toBe('Wien');
  });
});
