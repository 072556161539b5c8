import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:net';
import { ClusterClient } from '@keyslot/cluster';
import { systemClock } from '@keyslot/kernel';
import { rawKey } from '@keyslot/keys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterTier } from './cluster-tier.ts';
import { EntryFormat } from './entry-format.ts';
import { Journal, type JournalListener } from './journal.ts';
import type { InvalidationTold } from './telling.ts';

/** A port of this machine where nobody listens. */
async function deafPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('while no node can be reached, a journal', () => {
  let client: ClusterClient;
  let journal: Journal;
  let told: InvalidationTold['outcome'][];
  const doubtful = new Set<string>();
  const listener: JournalListener = {
    onDoubtful: (deletes) => deletes.forEach(({ key }) => doubtful.add(key.text)),
    onConfirmed: ({ key }) => void doubtful.delete(key.text),
    onGivenUp: ({ key }) => void doubtful.delete(key.text),
  };
  const hear = (message: unknown) => void told.push((message as InvalidationTold).outcome);

  beforeEach(async () => {
    told = [];
    doubtful.clear();
    subscribe('keyslot:cache.invalidation', hear);
    client = new ClusterClient({ nodes: [{ host: '127.0.0.1', port: await deafPort() }] });
    journal = new Journal(new ClusterTier(client, new EntryFormat()), systemClock, listener);
  });

  afterEach(async () => {
    unsubscribe('keyslot:cache.invalidation', hear);
    journal.close();
    await client.close();
  });

  it('answers pending when the time is over, and holds the key doubtful', async () => {
    const began = performance.now();
    expect(await journal.delete(rawKey('a'), 60)).toEqual({ outcome: 'pending' });
    expect(performance.now() - began).toBeGreaterThan(50);
    expect([...doubtful]).toEqual(['a']);
  });

  it('answers at once when it is closed, and says what it gave up', async () => {
    const pending = [journal.delete(rawKey('a'), 60_000), journal.delete(rawKey('b'), 60_000)];
    await expect.poll(() => doubtful.size).toBe(2);
    journal.close();
    expect(await Promise.all(pending)).toEqual([{ outcome: 'pending' }, { outcome: 'pending' }]);
    expect(told).toEqual(['dropped', 'dropped']);
  });

  it('takes up nothing after it was closed, though a delete was under way', async () => {
    const underWay = journal.delete(rawKey('a'), 60_000);
    journal.close();
    expect(await underWay).toEqual({ outcome: 'pending' });
    expect(told).toEqual(['dropped']);
    expect(doubtful.size).toBe(0);
  });

  it('remembers fifty thousand, and says of the others that they were dropped', async () => {
    const keys = Array.from({ length: 50_100 }, (_, i) => rawKey(`key:${i}`));
    const outcomes = await Promise.all(keys.map((key) => journal.delete(key, 500)));
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['pending']));
    expect(told.filter((outcome) => outcome === 'dropped')).toHaveLength(100);
    expect(doubtful.size).toBe(50_000);
  });

  it('drops none of its own for what others have told, however much that is', async () => {
    const all = (name: string, count: number, isOurs: boolean) =>
      Array.from({ length: count }, (_, i) => ({ key: rawKey(`${name}:${i}`), isOurs }));
    await journal.delete(rawKey('waits'), 1);
    journal.ownerChanged(() => true, [...all('theirs', 50_000, false), ...all('ours', 100, true)]);
    expect(doubtful.size).toBe(50_000);
    expect(['waits', 'ours:0', 'ours:99', 'theirs:49999'].filter((text) => !doubtful.has(text))).toEqual([]);
    // One that others told of and that is deleted here is its own from then on.
    await Promise.all([journal.delete(rawKey('theirs:200'), 1), journal.delete(rawKey('late'), 1)]);
    journal.ownerChanged(() => true, all('more', 50_000, false));
    expect(['waits', 'ours:0', 'theirs:200', 'late'].filter((text) => !doubtful.has(text))).toEqual([]);
    expect(doubtful.size).toBe(50_000);
    // Nor where all there is room for is its own.
    journal.ownerChanged(() => true, all('ours', 50_000, true));
    const before = [...doubtful];
    journal.ownerChanged(() => true, all('last', 1, false));
    expect([...doubtful]).toEqual(before);
  });

  it('leaves the process time for other things, however many there are', async () => {
    await Promise.all(Array.from({ length: 20_000 }, (_, i) => journal.delete(rawKey(`key:${i}`), 1)));
    const before = performance.eventLoopUtilization();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.7);
  });
});
