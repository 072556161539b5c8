import { describe, expect, it } from 'vitest';
import { ManualClock } from './manual-clock.ts';

describe('ManualClock', () => {
  it('stands still until it is moved', async () => {
    const clock = new ManualClock(1000);
    expect(clock.now()).toBe(1000);
    await clock.advance(250);
    expect(clock.now()).toBe(1250);
  });

  it('moves at once when nobody sleeps', () => {
    const clock = new ManualClock();
    void clock.advance(5);
    expect(clock.now()).toBe(5);
  });

  it('wakes sleepers in the order of their times, each at its own', async () => {
    const clock = new ManualClock();
    const woken: [string, number][] = [];
    const sleep = async (name: string, ms: number) => {
      await clock.sleep(ms);
      woken.push([name, clock.now()]);
    };
    const all = [sleep('late', 30), sleep('early', 10), sleep('later', 60)];

    await clock.advance(50);
    expect(woken).toEqual([
      ['early', 10],
      ['late', 30],
    ]);
    expect([clock.now(), clock.sleeping]).toEqual([50, 1]);
    await clock.advance(10);
    await Promise.all(all);
  });

  it('wakes who sleeps again within the same advance', async () => {
    const clock = new ManualClock();
    let rounds = 0;
    const loop = (async () => {
      for (; rounds < 5; rounds++) await clock.sleep(10);
    })();
    await clock.advance(50);
    await loop;
    expect(rounds).toBe(5);
  });

  it('can be set without that any time passes', async () => {
    const clock = new ManualClock(1000);
    let isWoken = false;
    const sleeping = clock.sleep(10).then(() => (isWoken = true));
    await clock.advance(5);
    clock.set(500);
    expect([clock.now(), clock.monotonic(), isWoken]).toEqual([500, 5, false]);
    clock.set(90_000);
    await clock.advance(4);
    expect([clock.now(), clock.monotonic(), isWoken]).toEqual([90_004, 9, false]);
    await clock.advance(1);
    await sleeping;
  });

  it('rejects with the reason of the signal, and forgets the sleeper', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const sleeping = clock.sleep(10, controller.signal);
    controller.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    await expect(clock.sleep(10, controller.signal)).rejects.toThrow('enough');
    expect(clock.sleeping).toBe(0);
  });
});
