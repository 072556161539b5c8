import { type Clock, isKeyslotError } from '@keyslot/kernel';
import type { LockClient } from './lock-client.ts';
import type { LockKey } from './resource.ts';
import { release } from './scripts/index.ts';
import { tellProblem } from './telling.ts';

/** What came of giving something back. */
export type GivenBack =
  | { readonly outcome: 'given' }
  /** The cluster knew nothing of it. */
  | { readonly outcome: 'absent' }
  /** No answer yet: it is asked again until the lease is over. */
  | { readonly outcome: 'pending'; readonly error: Error };

/** How long one who was called has to come before it is the next one's turn, in milliseconds. */
export const CLAIM_MS = 250;

/** Between attempts, in milliseconds, before jitter: at first, and at most after several. */
const PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/** Gives locks and places back by their tokens. What cannot be given back at once goes on behind. */
export class Returns implements AsyncDisposable {
  readonly #client: LockClient;
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #underWay = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(client: LockClient, clock: Clock, keepMs: number) {
    this.#client = client;
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  /**
   * Never rejects.
   *
   * @param until - when it is gone by itself, by the clock
   */
  async giveBack(key: LockKey, token: string, until: number): Promise<GivenBack> {
    try {
      return { outcome: (await this.#release(key, token)) === 'absent' ? 'absent' : 'given' };
    } catch (error) {
      this.#behind(this.#goOn(key, token, until, error));
      return { outcome: 'pending', error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  /** The same, with nobody waiting for it. */
  giveBackSoon(key: LockKey, token: string, until: number): void {
    this.#behind(
      this.#release(key, token).then(
        () => {},
        (error: unknown) => this.#goOn(key, token, until, error),
      ),
    );
  }

  /** Waits for what is under way; what has not got through by now is left to its lease. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#underWay);
  }

  #behind(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  #release(key: LockKey, token: string): Promise<'released' | 'left' | 'absent'> {
    return this.#client.run(release, { lock: key }, { token, claimMs: CLAIM_MS, keepMs: this.#keepMs });
  }

  async #goOn(key: LockKey, token: string, until: number, failure: unknown): Promise<void> {
    let last = failure;
    let pauseMs = PAUSE_MS;
    while (this.#clock.monotonic() < until && !this.#closing.signal.aborted && !isClosed(last)) {
      try {
        await this.#clock.sleep(pauseMs * (0.5 + Math.random()), this.#closing.signal);
        await this.#release(key, token);
        return;
      } catch (error) {
        // Once more, unless the locks were closed.
        if (!this.#closing.signal.aborted) last = error;
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
    tellProblem('not-given-back', key.template, last);
  }
}

/** Whether its client was: nothing gets through any more, and a process that is ending need not stay for it. */
function isClosed(failure: unknown): boolean {
  return isKeyslotError(failure) && failure.code === 'CLUSTER_CLIENT_CLOSED';
}
