import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient, CommandFailedError } from '@keyslot/cluster';
import { rawKey } from '@keyslot/keys';
import { test } from '@keyslot/testkit/vitest';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import type { CacheClient } from './cache-client.ts';
import { MemoryClient } from './memory-client.ts';
import { fill, mark, release, renew, retime } from './scripts/index.ts';
import { wakeChannelOf } from './wake-channel.ts';

const RUNS = 500;

const keys = ['one', 'two'].map((name) => rawKey<string>(`{alike}:${name}`));
const channel = wakeChannelOf(keys[0]?.slot ?? 0);

/** Few, so that what a step expects is often there. */
const heads = ['L', 'V'].flatMap((kind) => ['1', '2'].map((digit) => kind + digit.repeat(16)));
const leases = heads.filter((head) => head.startsWith('L')).flatMap((head) => [head, `${head}w`]);
const others = [
  '',
  'L',
  'V1',
  ...heads.map((head) => `${head}, and more`),
  ...heads.map((head) => `${head}w`),
];

/** With a version 2 behind the head, times can be changed. */
const entries = heads.map((head) => `${head}\u0002, and enough for all that stands in the head of an entry`);

/** Longer than a run takes, and apart by more than that: what is left is compared in steps of this. */
const STEP_MS = 100_000;

const aKey = fc.constantFrom(...keys);
const head = fc.constantFrom(...heads, ...heads, '', 'V1').map((text) => Buffer.from(text));
const value = fc
  .oneof(fc.constantFrom(...leases), fc.constantFrom(...others), fc.constantFrom(...entries))
  .map((text) => Buffer.from(text));
const ttlMs = fc.constantFrom(1, 2, 3).map((steps) => steps * STEP_MS);
const px = ttlMs.map((ms) => ['PX', ms]);
const options = fc
  .tuple(fc.subarray(['NX', 'GET']), fc.oneof(px, fc.constantFrom([], ['PX', 0], ['PX', 'soon'], ['PX'])))
  .map(([flags, time]) => [...flags, ...time]);

/** What is to have happened often, or it was not compared. */
const OUTCOMES = [
  'fill filled',
  'fill superseded',
  'release removed',
  'release changed',
  'renew renewed',
  'renew lost',
  'retime changed',
  'retime absent',
  'retime removed',
];

type Step = (client: CacheClient) => Promise<unknown>;

/** What may be done: a script or command that a cache begins to use is one more line. */
const steps: Record<string, fc.Arbitrary<Step>> = {
  get: fc.record({ entry: aKey }).map(
    ({ entry }) =>
      (to) =>
        to.getBuffer(entry),
  ),
  delete: fc.record({ entry: aKey }).map(
    ({ entry }) =>
      (to) =>
        to.delete(entry),
  ),
  set: fc
    .record({ entry: aKey, value, options, buffers: fc.boolean() })
    .map(({ entry, value: to, options: more, buffers }) => (client) => {
      return client.call('set', [entry.text, to, ...more], { buffers });
    }),
  mark: fc.record({ entry: aKey, lease: head }).map(({ entry, lease }) => (to) => {
    return to.run(mark, { entry }, { lease });
  }),
  renew: fc.record({ entry: aKey, lease: head, leaseMs: fc.oneof(ttlMs, fc.constant(0)) }).map(
    ({ entry, ...args }) =>
      (to) =>
        to.run(renew, { entry }, args),
  ),
  retime: fc
    .record({
      entry: aKey,
      head: fc.oneof({ weight: 3, arbitrary: fc.constant(Buffer.alloc(0)) }, head),
      token: fc.constantFrom('', 'new token, 16 by'),
      fresh: fc.constantFrom('', 'fresh: 8'),
      stale: fc.constantFrom('', 'stale: 8'),
      ttlMs: fc.oneof(ttlMs, fc.constant(0)),
      remove: fc.constantFrom('', '1'),
    })
    .map(
      ({ entry, ...args }) =>
        (to) =>
          to.run(retime, { entry }, { ...args, channel }),
    ),
  pexpire: fc.record({ entry: aKey, ttlMs }).map(
    ({ entry, ttlMs: ms }) =>
      (to) =>
        to.call('pexpire', [entry.text, ms]),
  ),
  release: fc
    .record({ entry: aKey, head, note: fc.constantFrom('', '["Error"]') })
    .map(({ entry, ...args }) => (to) => {
      return to.run(release, { entry }, { ...args, channel });
    }),
  fill: fc.record({ entry: aKey, head, value, ttlMs }).map(
    ({ entry, ...args }) =>
      (to) =>
        to.run(fill, { entry }, { ...args, channel }),
  ),
};

/** Mostly keys that hold something; what changes values is tried more often than it finds any. */
const WEIGHTS: Readonly<Record<string, number>> = { set: 6, retime: 3 };
const step = fc.oneof(
  ...Object.entries(steps).map(([name, arbitrary]) => {
    return { weight: WEIGHTS[name] ?? 1, arbitrary: arbitrary.map((run) => ({ name, run })) };
  }),
);
const sequence = fc.array(step, { minLength: 8, maxLength: 24, size: 'max' });

/** A reply, or what kind of error came instead, with times in steps. */
async function replyOf(reply: Promise<unknown>): Promise<unknown> {
  try {
    const answer = await reply;
    const isMarked = typeof answer === 'object' && answer !== null && 'leftMs' in answer;
    return isMarked ? { ...answer, leftMs: inSteps(answer.leftMs) } : answer;
  } catch (error) {
    if (error instanceof CommandFailedError) return { reply: error.reply };
    throw error;
  }
}

/** What all keys hold, and for how long still. */
function contentOf(client: CacheClient): Promise<unknown> {
  return Promise.all(
    keys.map(async (key) => ({
      bytes: await client.getBuffer(key),
      left: inSteps(await client.call('pttl', [key.text])),
    })),
  );
}

function inSteps(ms: unknown): number {
  return Number(ms) < 0 ? Number(ms) : Math.ceil(Number(ms) / STEP_MS);
}

/** What is told to those who wait, from now on. */
async function hear(client: CacheClient): Promise<string[]> {
  const heard: string[] = [];
  const subscription = client.subscribeShard(channel, {
    onMessage: (message) => void heard.push(message.toString()),
    onStanding: () => {},
    onDown: () => {},
  });
  await expect.poll(() => subscription.stands, { timeout: 10_000 }).toBe(true);
  return heard;
}

describe('the in-memory stand-in and a cluster', () => {
  test('answer alike, hold the same bytes as long, and call the same waiters', async ({ cluster }) => {
    await using real = new ClusterClient({ nodes: cluster.addresses, deadline: '20s' });
    await real.ready('20s');
    const memory = new MemoryClient();
    const [heardReal, heardMemory] = [await hear(real), await hear(memory)];
    const done = new Map<string, number>();

    const clear = () =>
      Promise.all([real, memory].flatMap((client) => keys.map((key) => client.delete(key))));
    const alike = fc.asyncProperty(sequence, async (all) => {
      await clear();
      for (const { name, run } of all) {
        const answered = await replyOf(run(memory));
        const held = await contentOf(memory);
        expect({ name, answered, held }).toEqual({
          name,
          answered: await replyOf(run(real)),
          held: await contentOf(real),
        });
        const outcome = `${name} ${typeof answered === 'string' ? answered : ''}`.trim();
        done.set(outcome, (done.get(outcome) ?? 0) + 1);
      }
      for (let ms = 0; heardReal.length < heardMemory.length && ms < 2_000; ms++) await sleep(1);
      expect(heardMemory).toEqual(heardReal);
    });
    await fc.assert(alike, { numRuns: RUNS });
    await clear();

    const seldom = OUTCOMES.filter((outcome) => (done.get(outcome) ?? 0) < RUNS / 25);
    expect(seldom).toEqual([]);
    expect(heardMemory.length).toBeGreaterThan(RUNS / 25);
  });
});
