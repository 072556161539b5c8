import type { Clock } from '@keyslot/kernel';
import type { ClusterKey } from './cluster-key.ts';
import type { ClusterTier, Found } from './cluster-tier.ts';
import { HEAD_BYTES } from './entry.ts';
import { failureIn } from './error-entry.ts';
import type { Expected } from './expected.ts';
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

  /** By the clock, monotonic. */
  readonly until: number;
}

/**
 * Waits for as long as a key holds the lease that was seen.
 *
 * ```
 *   mark the lease ── something else is there ───────────────────────────▶ that
 *     ▲ │ it is there and marked: who ends it says so, and why
 *     │ sleep ── called: the load failed ────────────────────────────────▶ failed
 *     │ │    └── called, or time is up ──▶ read ── no lease, or no time ──▶ that
 *     └─┘ the channel began or ceased to stand; or a pause has passed:
 *         some ms, and where a call would arrive, until the lease should have expired
 * ```
 *
 * Whoever is called because the load failed is told so, and does not load once more; nor does he who could not hear it
 * and finds it in the place of the lease.
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
    // Before the mark: a call after it is heard for certain, or it is told that the channel went down.
    const { stands } = wakeUp;
    const marked = await tier.mark(key, lease, expected);
    if (marked.kind !== 'waiting') return ofLease(lease, marked);
    if (marked.willTell && stands) sleepMs = toldPauseMs(marked.leftMs);
    const why = await wakeUp.sleep(Math.min(sleepMs, Math.max(until - clock.monotonic(), 0)));
    const failure = why === 'called' ? failureIn(wakeUp.note) : undefined;
    if (failure !== undefined) return { kind: 'failed', failure };
    const isOver = clock.monotonic() >= until;
    // Otherwise marking looks as well.
    if (why === 'called' || isOver) {
      const found = ofLease(lease, await tier.read(key, expected));
      if (isOver || found.kind !== 'leased') return found;
    }
  }
}

/** What was found, for one who waited for a lease: how that one ended is his to know. */
function ofLease(lease: Buffer, found: Found): Found {
  const isIts = found.kind === 'ended' && found.head.compare(lease, 1, HEAD_BYTES, 1, HEAD_BYTES) === 0;
  return isIts ? { kind: 'failed', failure: found.failure } : found;
}

/** Those who wait in different processes come one after the other when the holder has died. */
function toldPauseMs(leftMs: number): number {
  const expiresInMs = leftMs < 0 ? Number.POSITIVE_INFINITY : leftMs + 1 + Math.random() * EXPIRED_MS;
  return Math.min(TOLD_PAUSE_MS * (0.5 + Math.random() / 2), expiresInMs);
}
