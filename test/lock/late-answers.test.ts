import { createMemoryLocks } from '@keyslot/lock';
import { ManualClock } from '@keyslot/testkit';
import { describe, expect, it } from 'vitest';
import { LateClient } from './late-client.ts';

const RESOURCE = 'order:42';

function opened() {
  const clock = new ManualClock(1_700_000_000_000);
  const client = new LateClient(clock);
  return { clock, client, one: createMemoryLocks({ client }), two: createMemoryLocks({ client }) };
}

/** Has the clock go on in small steps until something has ended. */
async function during<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  const until = { ended: false };
  const end = () => {
    until.ended = true;
  };
  work.then(end, end);
  for (let i = 0; !until.ended && i < 10_000; i++) await clock.advance(5);
  return await work;
}

describe('a lock whose answer is late', () => {
  it('counts from when it was asked for', async () => {
    const { clock, client, one } = opened();
    client.answerMs['acquire'] = 600;
    const lock = await during(clock, one.acquire(RESOURCE, { ttl: '1s', renew: false }));
    expect(lock.leftMs).toBeLessThan(400);
    expect(lock.leftMs).toBeGreaterThan(300);
  });

  it('is not had at all when its time may be over, and is given back', async () => {
    const { clock, client, one, two } = opened();
    // Long enough that the lock is not surely held any more, and too short for the cluster to have forgotten it.
    client.answerMs['acquire'] = 985;
    const late = { code: 'LOCK_LOST', reason: 'expired' };
    await expect(during(clock, one.tryAcquire(RESOURCE, { ttl: '1s' }))).rejects.toMatchObject(late);
    await expect(during(clock, one.acquire(RESOURCE, { ttl: '1s', wait: 0 }))).rejects.toMatchObject(late);
    await clock.advance(5);
    expect(client.size).toBe(0);
    client.answerMs['acquire'] = 0;
    const lock = await during(clock, two.acquire(RESOURCE, { wait: 0 }));
    expect(lock.isHeld).toBe(true);
  });

  it('is given back when one who asks for it is told to stop meanwhile', async () => {
    const { clock, client, one, two } = opened();
    client.answerMs['acquire'] = 100;
    for (const ask of [one.acquire.bind(one), one.tryAcquire.bind(one)]) {
      const controller = new AbortController();
      const asked = ask(RESOURCE, { ttl: '1m', signal: controller.signal });
      asked.catch(() => {});
      await clock.advance(50);
      const reason = new Error('enough');
      controller.abort(reason);
      await expect(during(clock, asked)).rejects.toMatchObject({ code: 'CLUSTER_ABORTED', cause: reason });
      await clock.advance(5);
      expect(client.size).toBe(0);
    }
    expect((await during(clock, two.acquire(RESOURCE, { wait: 0 }))).isHeld).toBe(true);
  });

  it('is renewed from when that was asked for', async () => {
    const { clock, client, one } = opened();
    const lock = await one.acquire(RESOURCE, { ttl: '1s', renew: false });
    client.answerMs['renew'] = 700;
    await during(clock, lock.extend());
    expect(lock.leftMs).toBeLessThan(300);
    expect(lock.leftMs).toBeGreaterThan(200);
  });

  it('stays lost when a renewal is answered after its time', async () => {
    const { clock, client, one } = opened();
    const lock = await one.acquire(RESOURCE, { ttl: '1s' });
    // Asked for after a third, it is answered when the first time is over and the renewed one is not.
    client.answerMs['renew'] = 700;
    await clock.advance(990);
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'expired' });
    await clock.advance(100);
    expect(lock.isHeld).toBe(false);
    expect(await lock.release()).toEqual({ outcome: 'lost' });
  });
});

describe('a lock whose answer is lost', () => {
  it('is taken all the same by one who waits, with one number', async () => {
    const { clock, client, one, two } = opened();
    client.lost['acquire'] = 2;
    const lock = await during(clock, one.acquire(RESOURCE));
    await during(clock, lock.release());
    expect((await during(clock, two.acquire(RESOURCE, { wait: 0 }))).fencing).toBeGreaterThan(lock.fencing);
  });

  it('is given back by its token where nobody waits, with an error that says what happened', async () => {
    const { clock, client, one, two } = opened();
    client.lost['acquire'] = 1;
    client.unsent['release'] = 3;
    await expect(during(clock, one.tryAcquire(RESOURCE, { ttl: '1m' }))).rejects.toMatchObject({
      code: 'CLUSTER_DEADLINE_EXCEEDED',
    });
    const lock = await during(clock, two.acquire(RESOURCE, { wait: '1s' }));
    expect(lock.isHeld).toBe(true);
  });

  it('is pending when it is released, and not said to be lost', async () => {
    const { clock, client, one } = opened();
    const lock = await one.acquire(RESOURCE);
    client.lost['release'] = 1;
    expect(await during(clock, lock.release())).toMatchObject({
      outcome: 'pending',
      error: { code: 'CLUSTER_DEADLINE_EXCEEDED' },
    });
    expect(lock.signal.aborted).toBe(false);
  });

  it('is given back later when that could not be asked for', async () => {
    const { clock, client, one, two } = opened();
    const lock = await one.acquire(RESOURCE, { ttl: '1m' });
    client.unsent['release'] = 3;
    expect(await during(clock, lock.release())).toMatchObject({ outcome: 'pending' });
    expect((await during(clock, two.acquire(RESOURCE, { wait: '1s' }))).isHeld).toBe(true);
  });

  it.each([
    ['ever more slowly while that does not get through', false, 10, 90],
    ['not at all after the client was closed', true, 1, 1],
  ])('is given back %s', async (_, isClosed, least, most) => {
    const { clock, client, one } = opened();
    const lock = await one.acquire(RESOURCE, { ttl: '1m' });
    client.unsent['release'] = 10_000;
    client.isClosed = isClosed;
    expect(await during(clock, lock.release())).toMatchObject({ outcome: 'pending' });
    await clock.advance(60_000);
    const tries = 10_000 - client.unsent['release'];
    expect(tries).toBeGreaterThanOrEqual(least);
    expect(tries).toBeLessThanOrEqual(most);
    expect(clock.sleeping).toBeLessThanOrEqual(1);
  });

  it('is not said to be held by somebody else when the cluster does not answer', async () => {
    const { clock, client, one } = opened();
    client.unsent['acquire'] = Number.POSITIVE_INFINITY;
    for (const wait of [0, 500])
      await expect(during(clock, one.acquire(RESOURCE, { wait }))).rejects.toMatchObject({
        code: 'CLUSTER_DEADLINE_EXCEEDED',
      });
  });

  it('is renewed again after a while, and not at once, when that did not get through', async () => {
    const { clock, client, one } = opened();
    const lock = await one.acquire(RESOURCE, { ttl: '10s' });
    client.unsent['renew'] = 1_000;
    await clock.advance(9_000);
    const tries = 1_000 - client.unsent['renew'];
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(30);
    client.unsent['renew'] = 0;
    await clock.advance(60_000);
    expect(lock.isHeld).toBe(true);
  });

  it('is renewed in time when it was to be held for much longer and that did not get through', async () => {
    const { clock, client, one } = opened();
    const lock = await one.acquire(RESOURCE, { ttl: '10s' });
    client.unsent['renew'] = 2;
    await expect(lock.extend('1h')).rejects.toMatchObject({ code: 'CLUSTER_DEADLINE_EXCEEDED' });
    await clock.advance(60_000);
    expect([lock.isHeld, client.unsent['renew']]).toEqual([true, 0]);
  });

  it('is held while other renewals get through', async () => {
    const { clock, client, one } = opened();
    const lock = await one.acquire(RESOURCE, { ttl: '1s' });
    client.lost['renew'] = 3;
    await clock.advance(10_000);
    expect([lock.isHeld, client.lost['renew']]).toEqual([true, 0]);
  });
});

describe('a clock that is set back', () => {
  it('takes nothing from a holder, and leaves the numbers growing', async () => {
    const { clock, one, two } = opened();
    const lock = await one.acquire(RESOURCE, { ttl: '10s', renew: false });
    clock.set(clock.now() - 60_000);
    expect(lock.leftMs).toBeGreaterThan(9_000);
    await during(clock, lock.release());
    const next = await two.acquire(RESOURCE, { wait: 0 });
    expect(next.fencing).toBe(lock.fencing + 1);
    await clock.advance(60_100);
    await next.release();
  });
});
