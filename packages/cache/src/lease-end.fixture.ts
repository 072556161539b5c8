import { randomUUID } from 'node:crypto';
import { ClusterClient } from '@keyslot/cluster';
import { key } from '@keyslot/keys';
import { ManualClock, type TestCluster } from '@keyslot/testkit';
import { test as withCluster } from '@keyslot/testkit/vitest';
import { expect } from 'vitest';
import { ClusterTier } from './cluster-tier.ts';
import { EntryFormat } from './entry-format.ts';
import { LeaseEnd } from './lease-end.ts';
import { newToken } from './token.ts';

const thing = key('test:ends:{<id>}').holds<string>();
export const LEASE_MS = 5_000;
type Entry = ReturnType<typeof thing>;

/** What the server says, of whatever version this run's is: the same tests hold for all, by one way or the other. */
interface Knows {
  readonly setIfEqual: boolean;
  readonly deleteIfEqual: boolean;
}

interface Scene {
  readonly client: ClusterClient;
  readonly knows: Knows;
  readonly tier: ClusterTier;

  /** It has been used at each primary, so it is known which understand what. */
  readonly ends: LeaseEnd;
}

export const test = withCluster.extend<{
  scene: Scene;
}>({
  scene: async ({ cluster }, use) => {
    await using client = new ClusterClient({ nodes: cluster.addresses, deadline: '2s' });
    await client.ready();
    // Until it is known who owns which slot.
    await client.health();
    const [tier, ends] = [
      new ClusterTier(client, new EntryFormat()),
      new LeaseEnd(client, new ManualClock()),
    ];
    await useEverywhere(cluster, tier, ends);
    await use({ client, knows: await knowledge(cluster), tier, ends });
  },
});

async function knowledge(cluster: TestCluster): Promise<Knows> {
  const entry = newEntry();
  const { admin } = cluster.primaryOf(entry);
  const says = (...[name, ...args]: [string, ...string[]]) =>
    admin.call(name, ...args).then(
      () => true,
      (error: Error) => {
        expect(error.message).toMatch(/syntax error|unknown command/);
        return false;
      },
    );
  return {
    setIfEqual: await says('SET', entry.text, 'x', 'IFEQ', 'y', 'PX', '1'),
    deleteIfEqual: await says('DELIFEQ', entry.text, 'y'),
  };
}

async function useEverywhere(cluster: TestCluster, tier: ClusterTier, ends: LeaseEnd): Promise<void> {
  for (const primary of cluster.primaries) {
    let entry = newEntry();
    while (cluster.primaryOf(entry) !== primary) entry = newEntry();
    for (const token of [newToken(), newToken()]) {
      await tier.lead(entry, token, LEASE_MS);
      expect(await ends.release(entry, token, '')).toBe('removed');
    }
    const token = newToken();
    await tier.lead(entry, token, LEASE_MS);
    expect(await ends.fill(entry, token, valueOf(entry, token), 60_000)).toBe('filled');
  }
}

export function newEntry(): Entry {
  return thing({ id: randomUUID() });
}

export function valueOf(entry: Entry, token: Buffer): Buffer {
  const now = Date.now();
  const times = { writtenAt: now, freshUntil: now + 60_000, loadMs: 0 };
  return new EntryFormat().encode(token, entry.text, 'Wien', times);
}

/** How many scripts all primaries execute while `work` runs. */
export async function scriptsDuring(cluster: TestCluster, work: () => Promise<unknown>): Promise<number> {
  const count = async () => {
    const infos = await Promise.all(cluster.primaries.map(({ admin }) => admin.info('commandstats')));
    const calls = infos.map((info) => /^cmdstat_evalsha:calls=(\d+)/m.exec(info)?.[1] ?? 0);
    return calls.reduce<number>((sum, each) => sum + Number(each), 0);
  };
  const before = await count();
  await work();
  return (await count()) - before;
}
