import { test } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { isAlive } from './traces.ts';

describe('faults of a node', () => {
  test('a killed primary is gone, and its replica takes over', async ({ cluster }) => {
    const client = cluster.connect();
    await client.set('killed', 'before', 'EX', 60);
    await client.wait(1, 1000);
    const victim = cluster.primaryOf('killed');
    const [replica] = cluster.replicasOf(victim);
    const pid = victim.pid as number;

    await cluster.kill(victim);
    expect([victim.state, victim.pid, isAlive(pid)]).toEqual(['stopped', undefined, false]);

    const heir = await cluster.untilFailedOver(victim);
    expect(heir).toBe(replica);
    expect(cluster.primaryOf('killed')).toBe(heir);
    expect(await heir.admin.get('killed')).toBe('before');
  });

  test('a restarted node comes back under its id and port, as the replica of its heir', async ({
    cluster,
  }) => {
    const victim = cluster.primaryOf('restarted');
    const { id, port } = victim;
    await cluster.kill(victim);
    const heir = await cluster.untilFailedOver(victim);

    await cluster.restart(victim);
    await cluster.untilHealthy();
    expect(victim).toMatchObject({ id, port, state: 'running', role: 'replica' });
    expect(cluster.replicasOf(heir)).toContain(victim);
    expect(await victim.admin.config('GET', 'cluster-node-timeout')).toEqual([
      'cluster-node-timeout',
      '2000',
    ]);
  });

  test('a frozen primary answers nothing, loses its role, and finds that out when it is thawed', async ({
    cluster,
  }) => {
    const frozen = cluster.primaryOf('frozen');
    await cluster.freeze(frozen);
    let answered = false;
    const ping = frozen.admin.ping().then(() => (answered = true));

    const heir = await cluster.untilFailedOver(frozen);
    expect(heir).not.toBe(frozen);
    expect([frozen.state, answered]).toEqual(['frozen', false]);

    await cluster.thaw(frozen);
    await ping;
    await cluster.untilHealthy();
    expect([frozen.state, frozen.role]).toEqual(['running', 'replica']);
    expect(cluster.primaryOf('frozen')).toBe(heir);
  });

  test('a handover goes to the replica that is named, without losing a write', async ({ cluster }) => {
    const client = cluster.connect();
    await client.set('handed-over', '1', 'EX', 60);
    const before = cluster.primaryOf('handed-over');
    const [replica] = cluster.replicasOf(before);

    expect(await cluster.failover(replica ?? before)).toBe(replica);
    expect(cluster.primaryOf('handed-over')).toBe(replica);
    expect(before.role).toBe('replica');
    expect(await client.get('handed-over')).toBe('1');

    expect(await cluster.failover(replica ?? before)).toBe(before);
  });

  test('a full node refuses writes, the others do not, and the limit ends with the test', async ({
    cluster,
  }) => {
    const client = cluster.connect();
    const full = cluster.primaryOf('full');
    await cluster.setMaxMemory(full, '1mb');
    await expect(client.set('full', 'x', 'EX', 60)).rejects.toThrow(/OOM/);

    const elsewhere = ['a', 'b', 'c', 'd'].find((key) => cluster.primaryOf(key) !== full) ?? '';
    expect(await client.set(elsewhere, 'x', 'EX', 60)).toBe('OK');
    await cluster.heal();
    expect(await client.set('full', 'x', 'EX', 60)).toBe('OK');
  });

  test('what makes no sense is refused with a reason', async ({ cluster }) => {
    const [node] = cluster.nodes;
    if (node === undefined) throw new Error('the cluster has no node');
    await expect(cluster.thaw(node)).rejects.toMatchObject({ code: 'TESTKIT_STATE' });
    await expect(cluster.restart(node)).rejects.toMatchObject({ code: 'TESTKIT_STATE' });
    expect(() => cluster.primaryOf(16_384)).toThrow(/slot: got 16384; allowed: .* from 0 to 16383/);
  });
});
