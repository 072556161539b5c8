import { expect, it } from 'vitest';
import { limiterAt } from './limiter-at.fixture.ts';

it.each(['gcra', 'token-bucket', 'fixed-window', 'sliding-window', 'sliding-log'] as const)(
  'credits nothing for what is over: %s',
  async (algorithm) => {
    const { limiter, time } = limiterAt({ limits: [{ limit: 4, per: '1s', algorithm }], rememberDenials: 0 });
    const charged = await limiter.consume('s', 4);
    // A sliding window counts what the one before it was charged.
    time.now = 2000;
    await limiter.refund('s', charged, 4);
    expect(await limiter.peek('s')).toMatchObject({ remaining: 4 });
    expect(await limiter.consume('s', 4)).toMatchObject({ allowed: true });
    expect(await limiter.consume('s')).toMatchObject({ allowed: false });
    // What others were charged since is credited, and no more than that.
    await limiter.refund('s', charged, 4);
    await limiter.refund('s', charged, 4);
    expect(await limiter.consume('s', 4)).toMatchObject({ allowed: true });
    expect(await limiter.consume('s')).toMatchObject({ allowed: false });
  },
);

it('has a stand-in whose clock may be one of fractions', async () => {
  const { limiter, time } = limiterAt();
  for (const now of [0.1234567, 7.7654321]) {
    time.now = now;
    expect(await limiter.consume('s')).toMatchObject({ allowed: true, decidedBy: 'cluster' });
  }
});

it('has a stand-in that forgets when the server would, also for a plan that counts for longer', async () => {
  const quick = [{ limit: 2, per: '1s', algorithm: 'fixed-window' }] as const;
  const slow = [{ limit: 2, per: '1h', algorithm: 'fixed-window' }] as const;
  const { limiter, time } = limiterAt({ limits: quick });
  await limiter.consume('s', 2);
  time.now = 1001;
  expect(await limiter.peek('s', 1, { limits: slow })).toMatchObject({ remaining: 0 });
  time.now = 1002;
  expect(await limiter.peek('s', 1, { limits: slow })).toMatchObject({ remaining: 2 });
  // A block keeps it for as long as it lasts, and not after it is ended or shortened.
  await limiter.consume('s', 2);
  await limiter.block('s', '365d');
  await limiter.block('s', 0);
  time.now = 2010;
  expect(await limiter.peek('s', 1, { limits: slow })).toMatchObject({ remaining: 2 });
});
