import { createMemoryLocks, type Lock, type Locks } from '@keyslot/lock';
import { ManualClock } from '@keyslot/testkit';
import { describe, expect, it } from 'vitest';
import { UnsteadyClient } from './unsteady-client.ts';

const RUNS = 15;
const CALLERS = 10;
const SECTIONS = 12;
const PERMITS = 2;
const EXPECTED = ['aborted', 'LOCK_TIMEOUT', 'LOCK_LOST', 'CLUSTER_DEADLINE_EXCEEDED'];

type Kind = 'alone' | 'shared' | 'permit';
const KINDS = ['alone', 'shared', 'permit'] as const;

/** Who believes that he holds what, and whether they may believe it together. */
class Beliefs {
  readonly #held = new Map<Lock, Kind>();
  #largest = 0;
  sections = 0;

  /** The codes of what was rejected with. */
  readonly failures = new Set<unknown>();

  async during(lock: Lock, kind: Kind, clock: ManualClock): Promise<void> {
    this.#held.set(lock, kind);
    this.sections++;
    if (lock.isHeld && kind === 'alone') {
      expect(lock.fencing).toBeGreaterThan(this.#largest);
      this.#largest = lock.fencing;
    }
    const ms = Math.random() * (Math.random() < 0.2 ? 1_500 : 20);
    for (let at = 0; at < ms; at += 5) {
      this.#check();
      await clock.sleep(5);
    }
    this.#held.delete(lock);
  }

  #check(): void {
    const count = { alone: 0, shared: 0, permit: 0 };
    for (const [lock, kind] of this.#held) if (lock.isHeld) count[kind]++;
    expect(count.permit).toBeLessThanOrEqual(PERMITS);
    if (count.alone > 0) expect(count).toMatchObject({ alone: 1, shared: 0 });
  }
}

/** One lock after the other: waited for patiently or not, given up, renewed, left to its end, or held for longer. */
async function call(locks: Locks, clock: ManualClock, beliefs: Beliefs): Promise<void> {
  const kind = KINDS[Math.floor(Math.random() * KINDS.length)] ?? 'alone';
  const patience = new AbortController();
  if (Math.random() < 0.2) void clock.sleep(Math.random() * 300).then(() => patience.abort());
  const wait = Math.random() < 0.3 ? Math.ceil(Math.random() * 500) : '1m';
  const options = { wait, renew: Math.random() < 0.7, signal: patience.signal } as const;
  let lock: Lock;
  try {
    lock =
      kind === 'permit'
        ? await locks.semaphore('exports', { permits: PERMITS }).acquire(options)
        : await locks.acquire('order:42', { ...options, mode: kind === 'shared' ? 'shared' : 'exclusive' });
  } catch (error) {
    beliefs.failures.add(patience.signal.aborted ? 'aborted' : Reflect.get(error as Error, 'code'));
    await clock.sleep(5);
    return;
  }
  // It may be lost by then, or not get through.
  if (Math.random() < 0.1) lock.extend(100 + Math.ceil(Math.random() * 1_000)).catch(() => {});
  await beliefs.during(lock, kind, clock);
  await lock.release();
}

describe('locks behind a bad network', () => {
  it('are never believed to be held by more than may hold them, have growing numbers, and go', async () => {
    for (let run = 0; run < RUNS; run++) {
      const clock = new ManualClock(1_700_000_000_000);
      const client = new UnsteadyClient(clock);
      const processes = Array.from({ length: 4 }, () => createMemoryLocks({ client, ttl: 400 }));
      const beliefs = new Beliefs();
      const callers = Array.from({ length: CALLERS }, async (_, i) => {
        for (let n = 0; n < SECTIONS; n++) await call(processes[i % 4] as Locks, clock, beliefs);
      });
      const state = { ended: false };
      const work = Promise.all(callers).finally(() => {
        state.ended = true;
      });
      work.catch(() => {});
      for (let i = 0; i < 100_000 && !state.ended; i++) await clock.advance(5);
      expect(state.ended).toBe(true);
      await work;
      expect(beliefs.sections).toBeGreaterThan(CALLERS);
      expect(EXPECTED).toEqual(expect.arrayContaining([...beliefs.failures]));
      // What was executed after it had been given back ends by itself.
      await clock.advance(10_000);
      expect(client.size).toBe(0);
      await Promise.all(processes.map((locks) => locks.close()));
    }
  });
});
