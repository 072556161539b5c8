import { AbortedError } from '@keyslot/cluster';
import type { Clock } from '@keyslot/kernel';
import type { Request } from './acquisition.ts';
import { LockTimeoutError } from './errors.ts';
import type { HeldLock } from './held-lock.ts';
import type { Lock, ReleaseResult } from './lock.ts';

/** Several locks that were taken together, and are given back together. */
export interface LockGroup extends AsyncDisposable {
  /** In the order in which their resources were given; one that was given twice is there twice. */
  readonly locks: readonly Lock[];

  /** Aborts when any of them is lost. */
  readonly signal: AbortSignal;

  /** @throws {LockLostError} unless all are held */
  assertHeld(): void;

  /** Gives all of them back. `'lost'` when any of them was, else `'pending'` when any of them is. Never rejects. */
  release(): Promise<ReleaseResult>;
}

/** Takes one after the other, in an order that is the same for everybody; what was taken is given back on a failure. */
export async function takeAll(
  requests: readonly Request[],
  clock: Clock,
  waitMs: number,
  take: (request: Request, waitMs: number) => Promise<HeldLock>,
): Promise<LockGroup> {
  const until = clock.monotonic() + waitMs;
  const byKey = new Map(requests.map((request) => [request.key.text, request]));
  const taken = new Map<string, HeldLock>();
  let waiting: string | undefined;
  try {
    // By their bytes: what a locale has to say about it differs between machines.
    for (const text of [...byKey.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
      const request = byKey.get(text);
      if (request === undefined) continue;
      waiting = text;
      // Who has lost one of them waits for no more.
      const ends = [...taken.values(), request].flatMap(({ signal }) => signal ?? []);
      const signal = ends.length === 0 ? undefined : AbortSignal.any(ends);
      taken.set(text, await take({ ...request, signal }, Math.max(0, until - clock.monotonic())));
    }
    for (const lock of taken.values()) lock.assertHeld();
  } catch (error) {
    await releaseAll([...taken.values()]);
    throw whyNone(error, requests, waiting, [...taken.values()], waitMs);
  }
  return groupOf(requests.flatMap(({ key }) => taken.get(key.text) ?? []));
}

/** What is said to one who has asked for all of them, of what became of the one that was waited for. */
function whyNone(
  error: unknown,
  requests: readonly Request[],
  waiting: string | undefined,
  taken: readonly HeldLock[],
  waitMs: number,
): unknown {
  if (error instanceof LockTimeoutError) {
    const at = requests.findIndex(({ key }) => key.text === waiting);
    return new LockTimeoutError(error.template, waitMs, at);
  }
  // It was not the caller who ended the waiting, but a lock that was taken before, and lost.
  if (error instanceof AbortedError && taken.some(({ signal }) => signal.reason === error.cause))
    return error.cause;
  return error;
}

function groupOf(locks: readonly HeldLock[]): LockGroup {
  let releasing: Promise<ReleaseResult> | undefined;
  const release = () => (releasing ??= releaseAll(locks));
  return {
    locks,
    signal: AbortSignal.any(locks.map(({ signal }) => signal)),
    assertHeld: () => {
      for (const lock of locks) lock.assertHeld();
    },
    release,
    [Symbol.asyncDispose]: async () => {
      await release();
    },
  };
}

async function releaseAll(locks: readonly HeldLock[]): Promise<ReleaseResult> {
  const results = await Promise.all(locks.map((lock) => lock.release()));
  return (
    results.find(({ outcome }) => outcome === 'lost') ??
    results.find(({ outcome }) => outcome === 'pending') ?? { outcome: 'released' }
  );
}
