import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { codesOf, ended, keysOn, openClient } from './clients.ts';

const test = testWith({ replicasPerPrimary: 0, nodeTimeoutMs: 10_000 });

describe('close({ within })', () => {
  test('answers what is under way, refuses what comes later, and waits no longer than for that', async ({
    cluster,
  }) => {
    const client = await openClient(cluster);
    const keys = cluster.nodes.flatMap((node) => keysOn(cluster, node, 50, 'drained'));
    const open = keys.map((k) => ended(client.set(k, '1', { ttl: '1m' })));
    const batch = client.batch(keys.map((k) => ['get', k]));
    const start = performance.now();
    const closing = client.close({ within: '5s' });

    const late = await Promise.all([
      ended(client.get('late')),
      ended(client.call('incr', ['late'])),
      ended(client.publish('late', '')),
      ended(client.ready()),
    ]);
    expect(codesOf(late)).toEqual(['CLUSTER_CLIENT_CLOSED']);
    expect(await client.batch([['get', 'late']])).toMatchObject([
      { outcome: 'failed', error: { code: 'CLUSTER_CLIENT_CLOSED', executed: 'no' } },
    ]);
    await closing;
    expect(performance.now() - start).toBeLessThan(3_000);
    expect(codesOf(await Promise.all(open))).toEqual([]);
    expect(new Set((await batch).map(({ outcome }) => outcome))).toEqual(new Set(['answered']));
  });

  test('lets a call that is being retried go on, and ends it when the time is over', async ({ cluster }) => {
    const client = await openClient(cluster);
    const down = cluster.primaryOf('x');
    const [there = '', gone = ''] = keysOn(cluster, down, 2, 'retried');
    await cluster.kill(down);
    const waiting = ended(client.set(there, '1', { ttl: '1m', deadline: '1h' }));
    const restarted = cluster.restart(down);
    const closing = client.close({ within: '10s' });
    expect((await waiting).error).toBeUndefined();
    await Promise.all([closing, restarted]);

    const other = await openClient(cluster);
    await cluster.freeze(down);
    const frozen = ended(other.get(gone, { deadline: '1h' }));
    const start = performance.now();
    await other.close({ within: '300ms' });
    expect(performance.now() - start).toBeGreaterThan(290);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect((await frozen).error).toMatchObject({ code: 'CLUSTER_CLIENT_CLOSED' });
  });

  test('refuses what is no length of time, and is open still', async ({ cluster }) => {
    const client = await openClient(cluster);
    expect(() => client.close({ within: 'soon' as '1s' })).toThrow(/^within: got 'soon'/);
    expect(await client.get('x')).toBeNull();
    await client.close();
  });
});
