import { randomUUID } from 'node:crypto';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import { TestCluster } from '@keyslot/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LockClient } from './lock-client.ts';
import { MemoryLockClient } from './memory-lock-client.ts';
import { lockKeyOf } from './resource.ts';
import { type Answer, acquire, release, renew } from './scripts/index.ts';

/** Long enough that nothing of it depends on when it happens. */
const TIMES = { ttlMs: 60_000, claimMs: 60_000, keepMs: 0 } as const;

const tokens = [
  'token-0000000000',
  'token-1111111111',
  'token-2222222222',
  'token-3333333333',
  'token-4444444444',
];
const END = 'end';
const step = fc.record({
  what: fc.constantFrom('acquire', 'acquire', 'try', 'renew', 'release'),
  token: fc.constantFrom(...tokens),
  limit: fc.constantFrom(0, 1, 2, 3, 1_000),
});
type Step = { readonly what: string; readonly token: string; readonly limit: number };

/**
 * What a client answers to each step, and whom it called.
 *
 * @param heard - resolves once all that was published has arrived
 */
async function answersOf(
  client: LockClient,
  steps: readonly Step[],
  heard: (channel: string, called: readonly string[]) => Promise<unknown>,
): Promise<unknown> {
  const lock = lockKeyOf('lock', '', randomUUID());
  const called: string[] = [];
  const standing = Promise.withResolvers<void>();
  await using _ = client.subscribeShard(lock.text, {
    onMessage: (message) => void called.push(message.toString()),
    onStanding: () => standing.resolve(),
    onDown: () => {},
  });
  await standing.promise;
  const answers: unknown[] = [];
  let before = 0;
  for (const { what, token, limit } of steps) {
    if (what === 'release') {
      const { claimMs, keepMs } = TIMES;
      answers.push(await client.run(release, { lock }, { token, claimMs, keepMs }));
    } else if (what === 'renew') {
      answers.push(await client.run(renew, { lock }, { token, ttlMs: 60_000, keepMs: 0 }));
    } else {
      const stayMs = what === 'try' ? 0 : 60_000;
      const answer = await client.run(acquire, { lock }, { ...TIMES, token, limit, stayMs });
      answers.push(comparable(answer, before));
      if (answer.kind === 'taken') before = answer.fencing;
    }
  }
  await heard(lock.text, called);
  const told = called.filter((each) => each !== END);
  for (const token of tokens) await client.run(release, { lock }, { token, claimMs: 1, keepMs: 0 });
  return { answers, told };
}

/** But for the times. */
function comparable(answer: Answer, before: number): unknown {
  if (answer.kind === 'refused') return { kind: 'refused', ahead: answer.ahead };
  return { kind: 'taken', is: answer.fencing > before ? 'new' : 'not larger' };
}

/** Only one of these is over: the key is there all the same. */
async function shareFor(client: LockClient, first: number): Promise<readonly unknown[]> {
  const lock = lockKeyOf('lock', '', randomUUID());
  const [short = '', long = ''] = tokens;
  const shared = { limit: 1_000, stayMs: 0, claimMs: 1, keepMs: 0 } as const;
  await client.run(acquire, { lock }, { ...shared, token: short, ttlMs: first });
  await client.run(acquire, { lock }, { ...shared, token: long, ttlMs: 60_000 });
  await sleep(2 * first);
  const renewals = [short, long].map((token) =>
    client.run(renew, { lock }, { token, ttlMs: 60_000, keepMs: 0 }),
  );
  const releases = [short, long].map((token) =>
    client.run(release, { lock }, { token, claimMs: 1, keepMs: 0 }),
  );
  return await Promise.all([...renewals, ...releases]);
}

describe('the stand-in for the scripts', () => {
  let cluster: TestCluster;
  let client: ClusterClient;
  beforeAll(async () => {
    cluster = await TestCluster.start({ replicasPerPrimary: 0 });
    client = new ClusterClient({ nodes: cluster.addresses, deadline: '5s' });
    await client.ready('20s');
  });
  afterAll(async () => {
    await client.close();
    await cluster[Symbol.asyncDispose]();
  });

  it('lets nobody come back whose time is over, as they do', async () => {
    for (const each of [client, new MemoryLockClient()])
      expect(await shareFor(each, 50)).toEqual(['lost', 'renewed', 'absent', 'released']);
  });

  it('answers as they do, over random schedules', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const real = await answersOf(client, steps, async (channel, called) => {
          await client.call('SPUBLISH', [channel, END]);
          await expect.poll(() => called.includes(END), { interval: 1 }).toBe(true);
        });
        const memory = await answersOf(new MemoryLockClient(), steps, () => turn());
        expect(memory).toEqual(real);
      }),
      { numRuns: 1_000 },
    );
  });
});
