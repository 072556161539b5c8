import type { SlotMoveProgress, TestCluster } from '@keyslot/testkit';
import { test } from '@keyslot/testkit/vitest';
import type { Cluster } from 'ioredis';
import { describe, expect } from 'vitest';

const KEYS = 3000;

/** Reads and writes `counter:*` until stopped: errors, and answers other than the last one that was acknowledged. */
class Load {
  readonly wrong: string[] = [];
  operations = 0;
  readonly #client: Cluster;
  readonly #workers: Promise<void>[];
  #isOver = false;

  constructor(client: Cluster) {
    this.#client = client;
    this.#workers = Array.from({ length: 8 }, (_, i) => this.#work(i));
  }

  async #work(worker: number): Promise<void> {
    for (let round = 1; !this.#isOver; round++) {
      for (let i = worker; i < 400 && !this.#isOver; i += 8) {
        const key = `counter:${i}`;
        try {
          await this.#client.set(key, round, 'EX', 600);
          const read = await this.#client.get(key);
          if (read !== String(round)) this.wrong.push(`${key}: wrote ${round}, read ${read}`);
          this.operations += 2;
        } catch (error) {
          this.wrong.push(`${key}: ${(error as Error).message}`);
        }
      }
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers);
  }
}

/** Keys that are no text, too. */
function keyNumber(i: number): Buffer {
  return Buffer.concat([Buffer.from([0xff, 0x00, i & 0xff, i >> 8]), Buffer.from('\r\n"{')]);
}

async function fill(cluster: TestCluster, client: Cluster): Promise<void> {
  for (let i = 0; i < KEYS; i += 500) {
    await Promise.all(
      Array.from({ length: 500 }, (_, j) => client.set(keyNumber(i + j), `${i + j}`, 'EX', 600)),
    );
  }
  expect(cluster.nodes.length).toBeGreaterThan(0);
}

async function missing(client: Cluster): Promise<number> {
  const values = await Promise.all(Array.from({ length: KEYS }, (_, i) => client.get(keyNumber(i))));
  return values.filter((value, i) => value !== `${i}`).length;
}

describe('moving slots', () => {
  test('a new shard takes 1000 slots with their keys while a client reads and writes: no error, nothing lost', async ({
    cluster,
  }) => {
    const client = cluster.connect();
    await fill(cluster, client);
    const from = cluster.primaryOf('counter:1');
    const added = await cluster.addShard();
    expect(added).toMatchObject({ role: 'primary', slotCount: 0 });
    expect(cluster.replicasOf(added)).toHaveLength(1);

    const load = new Load(client);
    const steps: SlotMoveProgress[] = [];
    const result = await cluster.moveSlots({
      from,
      to: added,
      count: 1000,
      onProgress: (step) => steps.push(step),
    });
    await load.stop();

    expect(load.wrong).toEqual([]);
    expect(load.operations).toBeGreaterThan(100);
    expect(result.slots).toBe(1000);
    expect(result.keys).toBeGreaterThan(0);
    expect(added.slotCount).toBe(1000);
    expect(steps).toHaveLength(1000);
    expect(steps.at(-1)).toMatchObject({ moved: 1000, total: 1000, keys: result.keys });
    expect(await missing(client)).toBe(0);
  });

  test('named slots go wherever they are asked to, whoever owns them, and are passed over once there', async ({
    cluster,
  }) => {
    const [to] = cluster.primaries;
    if (to === undefined) throw new Error('no primary runs');
    const slots = [0, 1, 8000, 16_000, 16_383];

    await cluster.moveSlots({ slots, to });
    expect(slots.map((slot) => cluster.primaryOf(slot))).toEqual(slots.map(() => to));
    expect(await cluster.moveSlots({ slots, to })).toEqual({ slots: 0, keys: 0 });
  });

  test('an interrupted move goes on where it stopped', async ({ cluster }) => {
    const client = cluster.connect();
    await fill(cluster, client);
    const [from, to] = cluster.primaries.filter(({ slotCount }) => slotCount > 2000);
    if (from === undefined || to === undefined) throw new Error('too few primaries');
    const slots = Array.from({ length: 16_384 }, (_, slot) => slot)
      .filter((slot) => cluster.primaryOf(slot) === from)
      .slice(0, 200);

    const broken = cluster.moveSlots({
      slots,
      to,
      onProgress: ({ moved }) => {
        if (moved === 50) throw new Error('enough for today');
      },
    });
    await expect(broken).rejects.toThrow('enough for today');
    expect(await missing(client)).toBe(0);

    const rest = await cluster.moveSlots({ slots, to });
    expect(rest.slots).toBeLessThanOrEqual(150);
    expect(new Set(slots.map((slot) => cluster.primaryOf(slot)))).toEqual(new Set([to]));
    expect(await missing(client)).toBe(0);
  });

  test('half a slot that was left on its way is finished', async ({ cluster }) => {
    const client = cluster.connect();
    const [from, to] = cluster.primaries.filter(({ slotCount }) => slotCount > 500);
    if (from === undefined || to === undefined) throw new Error('too few primaries');
    const tag = Array.from({ length: 1000 }, (_, i) => `{half-${i}}`).find(
      (name) => cluster.primaryOf(name) === from,
    );
    const keys = Array.from({ length: 20 }, (_, i) => `${tag}:${i}`);
    for (const key of keys) await client.set(key, 'here', 'EX', 60);
    const slot = await from.admin.cluster('KEYSLOT', keys[0] as string);

    await to.admin.cluster('SETSLOT', slot, 'IMPORTING', from.id);
    await from.admin.cluster('SETSLOT', slot, 'MIGRATING', to.id);
    await from.admin.call('MIGRATE', to.host, to.port, '', 0, 1000, 'KEYS', ...keys.slice(0, 10));

    expect(await cluster.moveSlots({ slots: [slot], to })).toEqual({ slots: 1, keys: 10 });
    expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys.map(() => 'here'));
  });
});
