import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { AbortedError, ShardUnavailableError } from '@keyslot/cluster';
import { InvalidOptionError } from '@keyslot/kernel';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConcurrencyLimiter } from './concurrency-limiter.ts';
import { consumeAll } from './consume-all.ts';
import { NoSubjectError } from './errors.ts';
import { limiterAt } from './limiter-at.fixture.ts';
import { MemoryRateLimitClient } from './memory-client.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { RateLimiterOptions } from './rate-limiter-options.ts';

function told(name: string): unknown[] {
  const messages: unknown[] = [];
  const listen = (message: unknown) => void messages.push(message);
  subscribe(name, listen);
  onTestFinished(() => void unsubscribe(name, listen));
  return messages;
}

describe('consume', () => {
  it('admits, denies, and admits again when the time that it named is over', async () => {
    const { limiter, time } = limiterAt();
    expect(await limiter.consume('s', 2)).toEqual({
      allowed: true,
      limit: 2,
      remaining: 0,
      retryAfterMs: 0,
      resetMs: 1000,
      limitedBy: undefined,
      decidedBy: 'cluster',
    });
    time.now = 100;
    expect(await limiter.consume('s')).toEqual({
      allowed: false,
      limit: 2,
      remaining: 0,
      retryAfterMs: 400,
      resetMs: 900,
      limitedBy: 0,
      decidedBy: 'cluster',
    });
    time.now = 498.5;
    const remembered = { retryAfterMs: 2, resetMs: 502, decidedBy: 'memory-of-denials' };
    expect(await limiter.consume('s')).toMatchObject(remembered);
    time.now = 500;
    expect(await limiter.consume('s')).toMatchObject({ allowed: true, decidedBy: 'cluster' });
  });

  it('rejects for what cannot be, and charges nothing', async () => {
    const { limiter } = limiterAt();
    await expect(limiter.consume('s', 3)).rejects.toThrow(RangeError);
    await expect(limiter.consume('s', 0.5)).rejects.toThrow(RangeError);
    await expect(limiter.consume('s'.repeat(1025))).rejects.toThrow(RangeError);
    for (const none of ['', 42, undefined])
      await expect(limiter.consume(none as string)).rejects.toThrow(NoSubjectError);
    expect(await limiter.peek('s')).toMatchObject({ remaining: 2 });
  });

  it('asks again for another plan, whatever was denied under the first', async () => {
    const { limiter } = limiterAt();
    const other = [{ limit: 50, per: 10_000 }] as const;
    await limiter.consume('s', 2);
    expect(await limiter.consume('s')).toMatchObject({ allowed: false });
    expect(await limiter.consume('s', 1, { limits: other })).toMatchObject({
      allowed: true,
      decidedBy: 'cluster',
    });
  });

  it('remembers a denial for a second at most, for another process may have ended it', async () => {
    const { limiter, client, time } = limiterAt({ limits: [{ limit: 2, per: '1h' }] });
    const other = new RateLimiter({ client, name: 'test', limits: [{ limit: 2, per: '1h' }] });
    await limiter.block('s', '1d');
    await limiter.consume('s');
    await other.block('s', 0);
    time.now = 999;
    expect(await limiter.consume('s')).toMatchObject({ limitedBy: 'block', decidedBy: 'memory-of-denials' });
    time.now = 1000;
    expect(await limiter.consume('s')).toMatchObject({ allowed: true });
  });

  it('remembers no denial that was decided before this process gave something back', async () => {
    const { limiter, client, time } = limiterAt({ limits: [{ limit: 2, per: '1h' }] });
    await limiter.consume('s', 2);
    const [decided, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const run = client.run.bind(client);
    vi.spyOn(client, 'run').mockImplementation(async (...asked) => {
      const reply = await run(...asked);
      if (asked[0].source.name === 'gcra') return reply;
      decided.resolve();
      await answer.promise;
      return reply;
    });
    const denied = limiter.consume('s');
    await decided.promise;
    time.now = 1;
    await limiter.reset('s');
    answer.resolve();
    expect(await denied).toMatchObject({ allowed: false });
    expect(await limiter.consume('s')).toMatchObject({ allowed: true, decidedBy: 'cluster' });
  });

  it('tells from memory when to come back, counted from the answer', async () => {
    const { limiter, client, time } = limiterAt();
    await limiter.consume('s', 2);
    const run = client.run.bind(client);
    vi.spyOn(client, 'run').mockImplementation(async (...asked) => {
      time.now += 20;
      return run(...asked) as never;
    });
    const { retryAfterMs } = await limiter.consume('s', 2);
    const again = await limiter.consume('s', 2);
    expect(again).toMatchObject({ retryAfterMs, decidedBy: 'memory-of-denials' });
    vi.restoreAllMocks();
    time.now += retryAfterMs;
    expect(await limiter.consume('s', 2)).toMatchObject({ allowed: true });
  });

  it('takes one deadline for the short way and the full one', async () => {
    const { limiter, client, time } = limiterAt({ deadline: 100 });
    const deadlines: unknown[] = [];
    const run = client.run.bind(client);
    vi.spyOn(client, 'run').mockImplementation(async (...asked) => {
      deadlines.push(asked[3]?.deadline);
      time.now += 60;
      return run(...asked);
    });
    await limiter.consume('s');
    await limiter.consume('s', 1, { deadline: '1s' });
    await limiter.consume('s', 1, { deadline: 50 });
    expect(deadlines).toEqual([100, 40, '1s', 940, 50, 1]);
  });

  it('remembers no more subjects than it may', async () => {
    const { limiter } = limiterAt({ rememberDenials: 1 });
    for (const subject of ['a', 'b']) await limiter.consume(subject, 2);
    for (const subject of ['a', 'b']) await limiter.consume(subject);
    expect(await limiter.consume('a')).toMatchObject({ decidedBy: 'cluster' });
    expect(await limiter.consume('a')).toMatchObject({ decidedBy: 'memory-of-denials' });
  });
});

it('tells when a place is free after its limit became a lesser one', async () => {
  let now = 0;
  const client = new MemoryRateLimitClient({ clock: { now: () => now } });
  const placesOf = (limit: number) => new ConcurrencyLimiter({ client, name: 'x', limit, lease: 100 });
  for (now = 0; now < 30; now += 10) await placesOf(3).consume('s');
  const { retryAfterMs } = await placesOf(2).consume('s');
  expect(retryAfterMs).toBe(80);
  now += retryAfterMs;
  expect(await placesOf(2).consume('s')).toMatchObject({ allowed: true });
});

describe('options', () => {
  it.each([
    { name: '' },
    { name: 'a:b' },
    { name: '{a}' },
    { name: 'x'.repeat(101) },
    { onUnavailable: 'maybe' as 'open' },
    { deadline: 0 },
    { rememberDenials: -1 },
  ] satisfies Partial<RateLimiterOptions>[])('that cannot be used are refused: %j', (options) => {
    expect(() => limiterAt(options)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('allowed:') }),
    );
  });

  it('of places are refused, too', () => {
    const client = new MemoryRateLimitClient();
    expect(() => new ConcurrencyLimiter({ client, name: 'x', limit: 0 })).toThrow(RangeError);
    expect(() => new ConcurrencyLimiter({ client, name: 'x', limit: 1, lease: '2d' })).toThrow(RangeError);
    const local = { client, name: 'x', limit: 1, onUnavailable: 'local' as 'open' };
    expect(() => new ConcurrencyLimiter(local)).toThrow(InvalidOptionError);
  });
});

describe('an outage', () => {
  const away = () => Promise.reject(new ShardUnavailableError('EVALSHA', 'its primary is gone'));

  it.each(['open', 'closed', 'local'] as const)(
    'has the rule %s decide, and tells it',
    async (onUnavailable) => {
      const { limiter, client } = limiterAt({ onUnavailable });
      const problems = told('keyslot:rate-limit.problem');
      const decisions = told('keyslot:rate-limit.decision');
      vi.spyOn(client, 'run').mockImplementation(away);
      const allowed = onUnavailable !== 'closed';
      expect(await limiter.consume('s')).toMatchObject({
        allowed,
        limitedBy: undefined,
        decidedBy: onUnavailable,
      });
      expect(problems).toEqual([{ limiter: 'test', what: 'unavailable', why: 'CLUSTER_SHARD_UNAVAILABLE' }]);
      expect(decisions).toEqual([
        { limiter: 'test', allowed, decidedBy: onUnavailable, limitedBy: undefined, cost: 1 },
      ]);
      await limiter.close();
    },
  );

  it('is thrown without a rule, and so is what is none', async () => {
    const { limiter, client } = limiterAt();
    vi.spyOn(client, 'run').mockImplementation(away);
    await expect(limiter.consume('s')).rejects.toThrow(ShardUnavailableError);
    const open = limiterAt({ onUnavailable: 'open' });
    const signal = AbortSignal.abort();
    await expect(open.limiter.consume('s', 1, { signal })).rejects.toThrow(AbortedError);
    vi.spyOn(open.client, 'run').mockRejectedValue(new TypeError('a mistake of ours'));
    await expect(open.limiter.consume('s')).rejects.toThrow(TypeError);
  });

  it('has the rule give places, or none, and never local ones', async () => {
    const client = new MemoryRateLimitClient();
    vi.spyOn(client, 'run').mockImplementation(away);
    const placesOf = (onUnavailable: 'throw' | 'open' | 'closed') =>
      new ConcurrencyLimiter({ client, name: 'x', limit: 1, onUnavailable }).consume('s');
    await expect(placesOf('throw')).rejects.toThrow(ShardUnavailableError);
    expect(await placesOf('open')).toMatchObject({
      allowed: true,
      decidedBy: 'open',
      lease: undefined,
    });
    expect(await placesOf('closed')).toMatchObject({ allowed: false, decidedBy: 'closed', lease: undefined });
  });

  it('of a later subject has what was charged before it given back', async () => {
    const first = limiterAt();
    const second = limiterAt();
    vi.spyOn(second.client, 'run').mockImplementation(away);
    await expect(
      consumeAll([
        [first.limiter, 'a', 2],
        [second.limiter, 'b'],
      ]),
    ).rejects.toThrow(ShardUnavailableError);
    expect(await first.limiter.peek('a')).toMatchObject({ remaining: 2 });
  });

  it('in which this process admitted has that given back, too', async () => {
    const { limiter, client } = limiterAt({ onUnavailable: 'local' });
    const second = limiterAt({ limits: [{ limit: 2, per: '1h' }] });
    await second.limiter.consume('b', 2);
    vi.spyOn(client, 'run').mockImplementation(away);
    for (let i = 0; i < 5; i++) {
      const { results } = await consumeAll([
        [limiter, 'a', 2],
        [second.limiter, 'b'],
      ]);
      expect(results).toMatchObject([{ allowed: true, decidedBy: 'local' }, { allowed: false }]);
    }
    // What nobody decided, and what was denied, is not credited.
    expect(await limiter.consume('a', 2)).toMatchObject({ allowed: true, decidedBy: 'local' });
    await limiter.refund('a', await limiter.consume('a'));
    await limiter.refund('a', { ...(await second.limiter.peek('b')), allowed: true, decidedBy: 'open' });
    expect(await limiter.consume('a')).toMatchObject({ allowed: false, decidedBy: 'local' });
    await limiter.close();
  });

  it('that keeps a charge from being given back is told, and the denial stands', async () => {
    const first = limiterAt();
    const second = limiterAt();
    await second.limiter.consume('b', 2);
    vi.spyOn(first.limiter, 'reward').mockImplementation(away);
    const problems = told('keyslot:rate-limit.problem');
    const { allowed } = await consumeAll([
      [first.limiter, 'a'],
      [second.limiter, 'b'],
    ]);
    expect(allowed).toBe(false);
    expect(problems).toEqual([{ limiter: 'test', what: 'not-refunded', why: 'CLUSTER_SHARD_UNAVAILABLE' }]);
  });
});
