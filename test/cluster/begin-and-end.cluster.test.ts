import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import type { TestCluster } from '@keyslot/testkit';
import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { codesOf, ended, keysOn, openClient } from './clients.ts';

const test = testWith({ replicasPerPrimary: 0, nodeTimeoutMs: 10_000 });
const program = new URL('./programs/closing.ts', import.meta.url).pathname;

/** Nobody listens there. */
const NOWHERE = [{ host: '127.0.0.1', port: 1 }];

interface Report {
  readonly closedInMs: number;
  readonly stillOpen: number;
  readonly ends: readonly string[];
}

/**
 * Runs the program, and checks what it reports and how long it takes to end by itself after that.
 *
 * @param meanwhile - what happens while the client is idle
 */
async function close(
  state: string,
  nodes: TestCluster['addresses'],
  keys: string[] = [],
  meanwhile?: () => Promise<void>,
) {
  const task = JSON.stringify({ state, nodes, keys });
  const child = spawn(process.execPath, ['--conditions=@keyslot/source', program, task], { timeout: 20_000 });
  const exited = once(child, 'close');
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    said.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += String(chunk);
  });
  if (meanwhile !== undefined) {
    await once(child.stdout, 'data');
    await meanwhile();
  }
  child.stdin.end();
  const [code] = (await exited) as [number | null];
  expect([code, said.stderr]).toEqual([0, expect.stringMatching(/^\d+$/)]);

  const { closedInMs, stillOpen, ends } = JSON.parse(said.stdout.split('\n').at(-1) ?? '') as Report;
  expect(closedInMs).toBeLessThan(1000);
  expect(stillOpen).toBe(0);
  expect(Number(said.stderr)).toBeLessThan(4_000);
  return [...new Set(ends)].sort();
}

describe('closing settles what is open within a second, and lets the process end', () => {
  test('while all is well', async ({ cluster }) => {
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const closed = ['CLUSTER_CLIENT_CLOSED'];
    const ends = await Promise.all([
      close('idle', cluster.addresses, keys),
      close('subscribed', cluster.addresses),
      close('connecting', cluster.addresses, keys),
      close('at-once', cluster.addresses, keys),
    ]);
    expect(ends[0]).toEqual(closed);
    expect(ends[1]).toEqual(closed);
    expect(closed).toEqual(expect.arrayContaining(ends[3] ?? []));
  });

  test('while nothing can be reached', async () => {
    const ends = await Promise.all([
      close('calls', NOWHERE, ['a', 'b']),
      close('at-once', NOWHERE, ['a', 'b']),
    ]);
    expect(ends).toEqual([['CLUSTER_CLIENT_CLOSED'], ['CLUSTER_CLIENT_CLOSED']]);
  });

  test('while a primary is frozen, or all are and the topology is asked for', async ({ cluster }) => {
    const node = cluster.primaryOf('x');
    const keys = keysOn(cluster, node, 3, 'frozen');
    const closed = ['CLUSTER_CLIENT_CLOSED'];
    await cluster.freeze(node);
    const states = ['calls', 'connecting'];
    const ends = await Promise.all(states.map((state) => close(state, cluster.addresses, keys)));
    expect(ends).toEqual([closed, closed]);
    await cluster.thaw(node);

    const idle = await close('idle', cluster.addresses, keys, async () => {
      for (const each of cluster.nodes) await cluster.freeze(each);
      // So long that the idle client has asked for the topology again, and waits for an answer.
      const [calls] = await Promise.all([close('calls', cluster.addresses, keys), sleep(2600)]);
      expect(calls).toEqual(closed);
    });
    expect(idle).toEqual(closed);
  });

  test('while calls are parked', async ({ cluster }) => {
    const node = cluster.primaryOf('x');
    const keys = keysOn(cluster, node, 3, 'parked');
    await cluster.kill(node);
    expect(await close('calls', cluster.addresses, keys)).toEqual(['CLUSTER_CLIENT_CLOSED']);
  });

  test('and says of each call whether it may have been executed', async ({ cluster }) => {
    const client = await openClient(cluster);
    const node = cluster.primaryOf('x');
    const [k = ''] = keysOn(cluster, node, 1, 'said');
    await client.get(k);
    await cluster.freeze(node);
    const written = ended(client.get(k, { deadline: '1h' }));
    await client.close();
    expect((await written).error).toMatchObject({ code: 'CLUSTER_CLIENT_CLOSED', executed: 'unknown' });
    expect((await ended(client.get(k))).error).toMatchObject({
      code: 'CLUSTER_CLIENT_CLOSED',
      executed: 'no',
    });
  });

  test('and closing twice is closing once, for both', async ({ cluster }) => {
    const client = await openClient(cluster);
    const first = client.close();
    expect(client.close()).toBe(first);
    await first;
  });
});

describe('a client that was only just made', () => {
  test('serves its first calls at once, every time', async ({ cluster }) => {
    for (let i = 0; i < 40; i++) {
      await using client = new ClusterClient({ nodes: cluster.addresses });
      await client.set(`new:${i}`, `${i}`, { ttl: '1m' });
      expect(await client.get(`new:${i}`)).toBe(`${i}`);
    }
  });
});

describe('a client whose nodes are all down when it is made', () => {
  test('ends calls by their deadlines, and serves as soon as the nodes are up', async ({ cluster }) => {
    for (const node of cluster.nodes) await cluster.kill(node);
    await using client = new ClusterClient({ nodes: cluster.addresses, deadline: 300 });

    const ready = ended(client.ready('500ms'));
    const calls = await Promise.all([
      ended(client.get('a')),
      ended(client.set('a', '1', { ttl: '1m' })),
      ended(client.call('incr', ['a'])),
      ended(client.publish('a', '1')),
      ended(client.call('ping', [])),
    ]);
    expect(codesOf(calls)).toEqual(['CLUSTER_DEADLINE_EXCEEDED']);
    expect(new Set(calls.map(({ error }) => error?.executed))).toEqual(new Set(['no']));
    expect(Math.max(...calls.map(({ ms }) => ms))).toBeLessThan(1_500);

    const rejecting = await ended(client.get('a', { whenOpen: 'reject' }));
    expect(rejecting.error).toMatchObject({ code: 'CLUSTER_SHARD_UNAVAILABLE' });
    expect(rejecting.ms).toBeLessThan(250);

    const notReady = await ready;
    expect(notReady.error).toMatchObject({ code: 'CLUSTER_NOT_CONNECTED', retryable: true });
    expect(notReady.ms).toBeLessThan(2_000);

    const patient = client.set('healed', '1', { ttl: '1m', deadline: '20s' });
    for (const node of cluster.nodes) await cluster.restart(node);
    await cluster.untilHealthy();
    await patient;
    await client.ready();
    expect(await client.get('healed')).toBe('1');
  });
});
