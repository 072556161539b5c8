import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient, type Finding, type FindingsTold } from '@keyslot/cluster';
import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { ended, openClient } from './clients.ts';

const test = testWith({ replicasPerPrimary: 0, requireFullCoverage: true });

/** Code and severity of each, once, sorted. */
function codes(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ code, severity }) => `${severity} ${code}`))].toSorted();
}

/** Sets a setting on every node for as long as something runs. */
async function withConfig<Result>(
  nodes: readonly { readonly admin: { config(...args: ['SET', string, string]): Promise<unknown> } }[],
  [name, value, before]: readonly [string, string, string],
  run: () => Promise<Result>,
): Promise<Result> {
  const set = (to: string) => Promise.all(nodes.map(({ admin }) => admin.config('SET', name, to)));
  await set(value);
  try {
    return await run();
  } finally {
    await set(before);
  }
}

/** Collects what clients told by themselves while something runs. */
async function toldDuring(run: () => Promise<void>): Promise<FindingsTold[]> {
  const told: FindingsTold[] = [];
  const hear = (message: unknown) => void told.push(message as FindingsTold);
  subscribe('keyslot:cluster.finding', hear);
  try {
    await run();
  } finally {
    unsubscribe('keyslot:cluster.finding', hear);
  }
  return told;
}

describe('selfCheck()', () => {
  test('names what silently hurts, with the shard and a remedy', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const findings = await client.selfCheck();
    expect(codes(findings)).toEqual([
      'warning FULL_COVERAGE_REQUIRED',
      'warning MEMORY_UNLIMITED',
      'warning NO_REPLICA',
    ]);
    const ids = cluster.nodes.map(({ id }) => id).toSorted();
    for (const code of new Set(findings.map((each) => each.code))) {
      const own = findings.filter((each) => each.code === code);
      expect(own.map(({ shard }) => String(shard)).toSorted()).toEqual(ids);
    }
    expect(findings.find(({ code }) => code === 'FULL_COVERAGE_REQUIRED')).toMatchObject({
      message: expect.stringMatching(/^127\.0\.0\.1:\d+: refuses all commands as soon as any slot/),
      remedy: 'Set `cluster-require-full-coverage no` on every node.',
    });
  });

  test('sees a limit of memory under which nothing is evicted, and is content with one under which something is', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    for (const node of cluster.nodes) await cluster.setMaxMemory(node, '100mb', 'noeviction');
    expect(codes(await client.selfCheck())).toContain('warning EVICTION_OFF');
    for (const node of cluster.nodes) await cluster.setMaxMemory(node, '100mb', 'volatile-ttl');
    expect(codes(await client.selfCheck()).join()).not.toMatch(/EVICTION|MEMORY/);
  });

  test('takes a node that does not answer for a finding, in a bounded time', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const frozen = cluster.primaryOf('x');
    await cluster.freeze(frozen);
    const start = performance.now();
    const findings = await client.selfCheck();
    expect(performance.now() - start).toBeLessThan(3500);
    const [unreachable, ...others] = findings.filter(({ code }) => code === 'NODE_UNREACHABLE');
    expect([unreachable?.shard, unreachable?.severity, others]).toEqual([frozen.id, 'error', []]);
    expect(unreachable?.message).toMatch(/could not be asked \(.*(no answer|timeout|timed out)/i);
    expect(findings.filter(({ code }) => code === 'FULL_COVERAGE_REQUIRED')).toHaveLength(2);
  });

  test('says of a killed primary that it cannot be asked, and of the others that the cluster is down', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    const killed = cluster.primaryOf('x');
    await cluster.kill(killed);
    await expect
      .poll(async () => codes(await client.selfCheck()), { timeout: 20_000, interval: 300 })
      .toEqual(expect.arrayContaining(['error CLUSTER_DOWN', 'error NODE_UNREACHABLE']));
  });

  test('says when nobody knows the cluster, and why', async () => {
    await using client = new ClusterClient({ nodes: [{ host: '127.0.0.1', port: 1 }] });
    const [finding, ...others] = await client.selfCheck();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: 'TOPOLOGY_UNKNOWN', severity: 'error', shard: undefined });
    expect(finding?.message).toMatch(/ECONNREFUSED 127\.0\.0\.1:1/);
  });

  test.for([
    ['asked by a dry run', ['+@all', '-getrange', '-config|get']],
    ['asked by attempts', ['+@all', '-getrange', '-config|get', '-acl']],
  ] as const)(
    'lists the commands that an ACL denies, %s, and runs none of them',
    async ([, rules], { cluster }) => {
      const rule = ['SETUSER', 'narrow', 'reset', 'on', '>secret', '~shop:*', '&keyslot:*', ...rules];
      for (const { admin } of cluster.nodes) await admin.call('ACL', ...rule);
      try {
        const connection = { username: 'narrow', password: 'secret' };
        await using client = await openClient(cluster, { connection });
        const sizes = await Promise.all(cluster.nodes.map(({ admin }) => admin.dbsize()));
        const findings = await client.selfCheck();
        const denied = findings.filter(({ code }) => code === 'COMMAND_DENIED');
        expect(denied).toHaveLength(3);
        expect(denied[0]).toMatchObject({
          severity: 'error',
          message: expect.stringMatching(/this client's user run getrange\.$/),
          remedy: 'Allow +getrange on every node.',
        });
        expect(findings.filter(({ code }) => code === 'CONFIG_UNREADABLE')).toHaveLength(3);
        expect(await Promise.all(cluster.nodes.map(({ admin }) => admin.dbsize()))).toEqual(sizes);
      } finally {
        for (const { admin } of cluster.nodes) await admin.call('ACL', 'DELUSER', 'narrow');
      }
    },
  );

  test('leaves no connection behind, and rejects once the client is closed', async ({ cluster }) => {
    const client = await openClient(cluster, { selfCheck: false });
    await client.selfCheck();
    const names = async () => {
      const lists = await Promise.all(cluster.nodes.map(({ admin }) => admin.client('LIST')));
      return lists.join('').includes('keyslot-self-check');
    };
    await expect.poll(names).toBe(false);
    const open = ended(client.selfCheck());
    await client.close();
    expect((await open).error).toMatchObject({ code: 'CLUSTER_CLIENT_CLOSED' });
    await expect(client.selfCheck()).rejects.toMatchObject({ code: 'CLUSTER_CLIENT_CLOSED' });
    await expect.poll(names).toBe(false);
  });
});

describe('at boot a client', () => {
  test('tells what it found once, whose it is, and keeps nobody waiting', async ({ cluster }) => {
    const told = await toldDuring(async () => {
      await using client = await openClient(cluster);
      expect(await client.get('x')).toBeNull();
      await sleep(2500);
    });
    expect(told).toHaveLength(1);
    expect(told[0]?.client).toBeInstanceOf(ClusterClient);
    expect(codes(told[0]?.findings ?? [])).toContain('warning FULL_COVERAGE_REQUIRED');
  });

  test('tells an empty list when all is well', async ({ cluster }) => {
    const told = await withConfig(cluster.nodes, ['cluster-require-full-coverage', 'no', 'yes'], async () => {
      for (const node of cluster.nodes) await cluster.setMaxMemory(node, '100mb', 'allkeys-lru');
      return toldDuring(async () => {
        const client = await openClient(cluster);
        await sleep(2500);
        await client.close();
      });
    });
    expect(told.map(({ findings }) => codes(findings))).toEqual([['warning NO_REPLICA']]);
  });

  test('tells nothing when it is closed before, or was told not to look', async ({ cluster }) => {
    const told = await toldDuring(async () => {
      await (await openClient(cluster)).close();
      const incurious = await openClient(cluster, { selfCheck: false });
      await sleep(1500);
      await incurious.close();
    });
    expect(told).toEqual([]);
  });
});
