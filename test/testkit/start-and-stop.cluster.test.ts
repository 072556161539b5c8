import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestCluster } from '@keyslot/testkit';
import { describe, expect, it } from 'vitest';
import { isAlive, listeners } from './traces.ts';

describe('TestCluster.start', () => {
  it('is up soon, whole, with its replicas in sync and known to clients', async () => {
    const began = performance.now();
    await using cluster = await TestCluster.start({ primaries: 3, replicasPerPrimary: 1 });
    const tookMs = performance.now() - began;

    // Redis itself waits 2 s before a primary takes writes; the rest is for a busy machine.
    expect(tookMs).toBeLessThan(8000);
    expect(cluster.description).toMatch(/^(Redis|Valkey) \d+\.\d+/);
    expect(cluster.nodes.map(({ role }) => role).toSorted()).toEqual([
      ...['primary', 'primary', 'primary'],
      ...['replica', 'replica', 'replica'],
    ]);
    expect(cluster.primaries.reduce((sum, { slotCount }) => sum + slotCount, 0)).toBe(16_384);

    for (const primary of cluster.primaries) {
      const [replica] = cluster.replicasOf(primary);
      expect(await replica?.admin.info('replication')).toContain('master_link_status:up');
    }
    const client = cluster.connect();
    await client.set('greeting', 'hello', 'EX', 60);
    expect(client.nodes('slave')).toHaveLength(3);
    const copies = await client.wait(1, 1000);
    expect(copies).toBeGreaterThanOrEqual(0);
  });

  it('listens on 127.0.0.1 only, client and bus ports alike', async () => {
    await using cluster = await TestCluster.start({ primaries: 3, replicasPerPrimary: 0 });
    const ports = cluster.nodes.flatMap(({ port }) => [port, port + 10_000]);
    const found = listeners().filter(({ port }) => ports.includes(port));

    expect(found.map(({ port }) => port).toSorted((a, b) => a - b)).toEqual(ports.toSorted((a, b) => a - b));
    expect(new Set(found.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']));
  });

  it('leaves no process behind when it is disposed of, frozen nodes included, and may be disposed of twice', async () => {
    const cluster = await TestCluster.start({ primaries: 1, replicasPerPrimary: 1 });
    const pids = cluster.nodes.map(({ pid }) => pid as number);
    await cluster.freeze(cluster.primaryOf(0));

    await cluster[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('keeps two clusters apart', async () => {
    await using one = await TestCluster.start({ primaries: 1, replicasPerPrimary: 0 });
    await using other = await TestCluster.start({ primaries: 1, replicasPerPrimary: 0 });
    await one.connect().set('mine', '1', 'EX', 60);

    expect(await other.connect().get('mine')).toBeNull();
    await expect(one.kill(other.primaryOf(0))).rejects.toMatchObject({ code: 'TESTKIT_STATE' });
  });

  it('says why a server did not come up, and leaves nothing behind', async () => {
    const before = listeners().length;
    const start = TestCluster.start({ serverArgs: ['--no-such-option', 'yes'] });

    await expect(start).rejects.toMatchObject({ code: 'TESTKIT_NODE_START' });
    await expect(start).rejects.toThrow(/no-such-option|Bad directive/i);
    await sleep(50);
    expect(listeners().length).toBeLessThanOrEqual(before);
  });

  it.each([{ primaries: 0 }, { primaries: 1.5 }, { replicasPerPrimary: -1 }, { nodeTimeoutMs: 0 }])(
    'refuses %j before anything is started',
    async (options) => {
      await expect(TestCluster.start(options)).rejects.toMatchObject({ code: 'KERNEL_INVALID_OPTION' });
    },
  );

  it('does not keep a program from ending that forgot to dispose of it', () => {
    const program = new URL('./programs/forgetful.ts', import.meta.url).pathname;
    const output = execFileSync(process.execPath, ['--conditions=@keyslot/source', program], {
      encoding: 'utf8',
    });
    const pids = JSON.parse(output) as number[];
    expect(pids.filter(isAlive)).toEqual([]);
  });
});
