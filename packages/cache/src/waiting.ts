import type { Clock } from '@keyslot/kernel';
import type { ClusterKey } from './cluster-key.ts';
import type { ClusterTier, Found } from './cluster-tier.ts';
import type { Expected } from './entry-format.ts';
import { failureIn } from './error-entry.ts';
import type { WakeUps } from './wake-ups.ts';

/** Between looks at a lease whose end nobody would tell, in milliseconds, before jitter. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 25;

/** The same where its end will be told. Deletes are found by looking. */
const TOLD_PAUSE_MS = 100;

/** How long after its expiry a lease is looked for, in milliseconds, at the most. */
const EXPIRED_MS = 5;

/** Where a waiter waits, and how long at the most. */
export interface Waiting {
  readonly tier: ClusterTier;
  readonly wakeUps: WakeUps;
  readonly clock: Clock;
  readonly expected?: Expected | undefined;

  /** By the clock. */
  readonly until: number;
}

/**
 * Waits for as long as a key holds the lease that was seen.
 *
 * ```
 *   the slot's channel stands ─ no ─▶ sleep, until it does or for some ms ─▶ read ─┐
 *     ▲ │ yes                                                                      │
 *     │ mark the lease ─ something else is there ─────────────────────────▶ that ◀─┤ no lease
 *     │ │ it is there and marked                                                   │
 *     │ sleep ─ called ─▶ read ────────────────────────────────────────────────────┘
 *     └───┴── some more ms have passed, the lease should have expired, or the channel went down
 * ```
 *
 * Whoever is called because the load failed is told so, and does not load once more.
 *
 * Ends by itself: the holder stores or releases, or stops renewing and its lease expires, or time is up. The answer is
 * `leased` in the last case, and where marking finds that another lease has taken its place.
 */
export async function untilLeaseEnds(
  key: ClusterKey,
  lease: Buffer,
  { tier, wakeUps, clock, until, expected }: Waiting,
): Promise<Found> {
  // Before the lease is looked at once more: a call that comes meanwhile is kept.
  using wakeUp = wakeUps.expect(key.slot, lease.subarray(1));
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    let sleepMs = pauseMs * (0.5 + Math.random());
    pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
    if (wakeUp.stands) {
      const marked = await tier.mark(key, lease, expected);
      if (marked.kind !== 'waiting') return marked;
      if (marked.willTell) sleepMs = toldPauseMs(marked.leftMs);
    }
    const why = await wakeUp.sleep(Math.min(sleepMs, Math.max(until - clock.now(), 0)));
    const failure = why === 'called' ? failureIn(wakeUp.note) : undefined;
    if (failure !== undefined) return { kind: 'failed', failure };
    const isOver = clock.now() >= until;
    // Where the channel stands, marking looks as well.
    if (why === 'called' || isOver || !wakeUp.stands) {
      const found = await tier.read(key, expected);
      if (isOver || found.kind !== 'leased') return found;
    }
  }
}

/** Those who wait in different processes come one after the other when the holder has died. */
function toldPauseMs(leftMs: number): number {
  const expiresInMs = leftMs < 0 ? Number.POSITIVE_INFINITY : leftMs + 1 + Math.random() * EXPIRED_MS;
  return Math.min(TOLD_PAUSE_MS * (0.5 + Math.random() / 2), expiresInMs);
}
