import { setTimeout as sleep } from 'node:timers/promises';
import type { TestCluster, TestNode } from '@keyslot/testkit';

const MIB = 1024 * 1024;

/** What is put there, so that a few connections more or less do not matter. */
const FILLING = { keys: 2_000, bytes: 10 * 1024 };
const BATCH = 50;

/**
 * Has a primary use a part of the memory that it may use from now on; above 1 it is full. Lifted with the cluster's
 * {@link TestCluster.heal}; what it was filled with goes with the disposal.
 */
export async function fillTo(
  cluster: TestCluster,
  node: TestNode,
  part: number,
  policy: 'noeviction' | 'allkeys-lru',
): Promise<AsyncDisposable> {
  const tag = Array.from({ length: 1_000 }, (_, i) => `tag-${i}`).find(
    (each) => cluster.primaryOf(`{${each}}`) === node,
  );
  if (tag === undefined) throw new Error(`${node.toString()} serves no slot`);
  const names = Array.from({ length: FILLING.keys }, (_, i) => `filling:{${tag}}:${i}`);
  // In small pieces: the buffers of a large one would be counted, and go soon after.
  for (let i = 0; i < names.length; i += BATCH) {
    const filling = node.admin.pipeline();
    for (const name of names.slice(i, i + BATCH)) {
      filling.set(name, Buffer.alloc(FILLING.bytes, name), 'PX', 300_000);
    }
    await filling.exec();
  }
  const used = await settled(node);
  if (used < 20 * MIB) throw new Error(`${node.toString()} uses only ${used} bytes`);
  await cluster.setMaxMemory(node, String(Math.round(used / part)), policy);
  return {
    [Symbol.asyncDispose]: async () => {
      await node.admin.unlink(...names);
    },
  };
}

/** What counts against the limit, once it no longer changes: replicas have what they are sent, and buffers are gone. */
async function settled(node: TestNode): Promise<number> {
  for (let before = 0, tries = 0; tries < 100; tries++) {
    const info = await node.admin.info('memory');
    const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    const used = field('used_memory') - field('mem_not_counted_for_evict');
    if (Math.abs(used - before) < used / 500) return used;
    before = used;
    await sleep(300);
  }
  throw new Error(`${node.toString()} does not come to rest`);
}

/** How many writes a node was sent that store something, refused ones included. */
export async function storingWrites(node: TestNode): Promise<number> {
  const info = await node.admin.info('commandstats');
  let count = 0;
  for (const name of ['set', 'eval', 'evalsha']) {
    const line = new RegExp(`^cmdstat_${name}:calls=(\\d+).*rejected_calls=(\\d+)`, 'm').exec(info);
    count += Number(line?.[1] ?? 0) + Number(line?.[2] ?? 0);
  }
  return count;
}

/** How many times a node has refused a write for want of memory. */
export async function refusals(node: TestNode): Promise<number> {
  const info = await node.admin.info('errorstats');
  return Number(/^errorstat_OOM:count=(\d+)/m.exec(info)?.[1] ?? 0);
}
