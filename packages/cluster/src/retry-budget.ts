import { tellRetry } from './channels.ts';

/** What a budget knows of a call. */
interface Retried {
  readonly name: string;
  isRetry: boolean;
  retries: number;
  readonly written: number;
  writtenBefore: number;
}

/** What each first attempt adds, what a retry that was answered adds, what a second adds by itself, and the most. */
const PER_CALL = 0.1;
const PER_ANSWER = 2;
const PER_SECOND = 10;
const MOST = 200;

/**
 * A shard's retry budget: repeated attempts that fail again are at most a tenth of first ones, and a reserve for bursts
 * (Beyer et al., "Site Reliability Engineering", 2016, chapter 21). Without it every caller of a shard in trouble doubles
 * the load on it. A trickle without any calls keeps callers who wait for a retry, and so make no calls, from waiting for
 * ever; and each answer lets two more of them go, so that all have theirs soon after the shard is back.
 */
export class RetryBudget {
  #tokens = MOST;
  #trickledAt = performance.now();

  /** Whether a call may be sent now. The first time it may, and earns a part of what a retry costs. */
  allows(call: Retried): boolean {
    if (call.isRetry) return this.#allowsRetry(call);
    if (call.retries === 0 && this.#tokens < MOST) this.#tokens += PER_CALL;
    return true;
  }

  /** A call was answered. If it was a retry, the shard is there again for others. */
  answered(call: Retried): void {
    if (call.retries > 0) this.#tokens = Math.min(MOST, this.#tokens + PER_ANSWER);
  }

  /** An attempt failed. If it was a retry whose bytes never left, it cost the shard nothing. */
  giveBack(call: Retried): void {
    if (call.writtenBefore !== call.written) return;
    call.writtenBefore = -1;
    this.#tokens++;
  }

  #allowsRetry(call: Retried): boolean {
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
}
