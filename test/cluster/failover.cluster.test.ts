import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import { slotOf } from '@keyslot/keys';
import type { TestNode } from '@keyslot/testkit';
import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { codesOf, ended, keysOn, load, openClient } from './clients.ts';
import { script } from './scripts.ts';

const test = testWith({ nodeTimeoutMs: 1000 });
const ttl = '1m';

const keep = script<'key', { value: string }>(
  "redis.call('SET', KEYS[1], ARGV[1], 'PX', 60000) return ARGV[1]",
  ['key'],
  ['value'],
  'idempotent',
);

describe('a primary that is killed under load', () => {
  test('costs calls that may wait nothing, and the scripts that its heir never saw neither', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster, { deadline: '10s' });
    const victim = cluster.primaryOf('x');
    const keys = keysOn(cluster, victim, 64, 'killed');
    await fillReplicated(victim, keys);

    const wrong: unknown[] = [];
    const working = load(64, async (worker, round) => {
      const k = keys[worker] ?? '';
      switch ((worker + round) % 4) {
        case 0:
          await client.set(k, k, { ttl });
          break;
        case 1:
          await client.run(keep, { key: k }, { value: k });
          break;
        case 2:
          wrong.push(
            ...(
              await client.batch([
                ['get', k],
                ['del', `${k}:none`],
              ])
            ).filter(({ outcome }) => outcome !== 'answered'),
          );
          break;
        default: {
          const value = await client.get(k);
          if (value !== k) wrong.push([k, value]);
        }
      }
    });
    await sleep(200);
    // What is on its way to it when it dies stays without an answer.
    await cluster.freeze(victim);
    await sleep(50);
    await cluster.kill(victim);
    await cluster.untilFailedOver(victim);
    const before = working.rounds();
    await sleep(500);
    const { rounds, errors } = await working.stop();

    expect(errors).toEqual([]);
    expect(wrong).toEqual([]);
    expect(rounds - before).toBeGreaterThan(64);
  });

  test('ends calls with errors that say what happened, while a replica can still be read', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    await using application = new ClusterClient({ cluster: cluster.connect() });
    await application.ready();
    const victim = cluster.primaryOf('x');
    const keys = keysOn(cluster, victim, 20, 'outage');
    await fillReplicated(victim, keys);

    await cluster.kill(victim);
    await sleep(50);
    for (const asking of [client, application]) {
      const waiting = await Promise.all(keys.map((k) => ended(asking.get(k))));
      expect(codesOf(waiting)).toEqual(['CLUSTER_DEADLINE_EXCEEDED']);
      expect(new Set(waiting.map(({ error }) => error?.executed))).toEqual(new Set(['no']));

      const refused = await Promise.all(keys.map((k) => ended(asking.get(k, { whenOpen: 'reject' }))));
      expect(codesOf(refused)).toEqual(['CLUSTER_SHARD_UNAVAILABLE']);
      expect(Math.max(...refused.map(({ ms }) => ms))).toBeLessThan(250);

      const fromReplica = keys.map((k) => asking.get(k, { readFrom: 'replica', whenOpen: 'reject' }));
      expect(await Promise.all(fromReplica)).toEqual(keys);
    }

    // Until another one takes over, nothing but these two.
    const asked = keys.map((k) => ended(client.set(k, 'new', { ttl })));
    const increments = keys.map((k) => ended(client.call('incr', [`${k}:n`])));
    expect(['CLUSTER_DEADLINE_EXCEEDED', 'CLUSTER_SHARD_UNAVAILABLE']).toEqual(
      expect.arrayContaining(codesOf(await Promise.all([...asked, ...increments]))),
    );

    await cluster.untilFailedOver(victim);
    await client.get(keys[0] ?? '', { deadline: '5s' });
    // The heir, known as the primary by now, has no replica: it answers itself.
    const reads = keys.map((k) => client.get(k, { readFrom: 'replica', deadline: '5s' }));
    expect(await Promise.all(reads)).toEqual(keys);
  });
});

describe('a primary that is frozen until another one takes over', () => {
  test('is left for its heir, also by a Cluster that knows neither timeout nor interval', async ({
    cluster,
  }) => {
    await using own = await openClient(cluster);
    await using application = new ClusterClient({ cluster: cluster.connect() });
    await application.ready();
    const frozen = cluster.primaryOf('x');
    const [k = ''] = keysOn(cluster, frozen, 1, 'frozen');
    await Promise.all([own.get(k), application.get(k)]);

    await cluster.freeze(frozen);
    await cluster.untilFailedOver(frozen);
    const until = performance.now() + 3500;
    for (const client of [own, application]) {
      let last = await ended(client.get(k));
      while (last.error !== undefined && performance.now() < until) last = await ended(client.get(k));
      expect(last.error).toBeUndefined();
    }
  });
});

describe('an owner change', () => {
  test('is told with the slots that it concerns, and a listener that throws harms nobody else', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster, { deadline: '10s' });
    const old = cluster.primaryOf('x');
    const [k = ''] = keysOn(cluster, old, 1, 'owner');
    const thrown: unknown[] = [];
    const onThrown = (error: unknown) => thrown.push(error);
    const others = process.rawListeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', onThrown);
    try {
      const concerned: boolean[] = [];
      client.onOwnerChange(() => {
        throw new Error('a listener of the application');
      });
      const stop = client.onOwnerChange((concerns) => concerned.push(concerns(slotOf(k))));
      await cluster.failover(old);
      await expect.poll(() => concerned, { timeout: 5000 }).toContain(true);
      stop();
      await client.set(k, '1', { ttl });
      expect(thrown).toContainEqual(new Error('a listener of the application'));

      // The topology is still refreshed.
      await cluster.failover(old);
      expect(await client.get(k)).toBe('1');
    } finally {
      process.off('uncaughtException', onThrown);
      for (const other of others) process.on('uncaughtException', other as NodeJS.UncaughtExceptionListener);
    }
  });
});

/** Gives each key itself as its value, on the primary and on its replica. WAIT knows of its own connection's writes only. */
async function fillReplicated(primary: TestNode, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((k) => primary.admin.set(k, k, 'PX', 60_000)));
  expect(await primary.admin.wait(1, 5000)).toBe(1);
}
