import type { Call } from './call.ts';
import { tellRetry } from './channels.ts';

/** What each first attempt adds, what a second adds by itself, and how much can be saved up. */
const PER_CALL = 0.1;
const PER_SECOND = 10;
const MOST = 200;

/**
 * A retry budget: repeated attempts are at most a tenth of first ones, and a reserve for bursts (Beyer et al.,
 * "Site Reliability Engineering", 2016, chapter 21). Without it every caller of a shard in trouble doubles the load
 * on it. A trickle without any calls keeps callers who wait for a retry, and so make no calls, from waiting for ever.
 */
export class RetryBudget {
  #tokens = MOST;
  #trickledAt = performance.now();

  /** A call was sent for the first time. */
  earn(): void {
    if (this.#tokens < MOST) this.#tokens += PER_CALL;
  }

  /** Whether a call may be sent again now. */
  allows(call: Call): boolean {
    const now = performance.now();
    this.#tokens = Math.min(MOST, this.#tokens + ((now - this.#trickledAt) / 1_000) * PER_SECOND);
    this.#trickledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    call.isRetry = false;
    call.writtenBefore = call.written;
    tellRetry({ command: call.name, attempt: 1 + ++call.retries });
    return true;
  }

  /** An attempt failed. If it was a retry whose bytes never left, it cost the shard nothing. */
  giveBack(call: Call): void {
    if (call.writtenBefore !== call.written) return;
    call.writtenBefore = -1;
    this.#tokens++;
  }
}
