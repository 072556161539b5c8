import type { CommitLog } from './commit-log.ts';
import { type Judgement, Oracle, type Read } from './oracle.ts';
import { STALENESS_BOUND_MS } from './promises.ts';

/** How far back commits are asked for again: one may become visible a little later than its time says. */
const OVERLAP_MS = 15_000;

/** How long a read waits for its judgement while the run goes on, until surely all commits before it are visible. */
const DELAY_MS = 5_000;

/** Upper ends, in milliseconds, of the classes that the ages of answers are counted in; null has none. */
const AGE_CLASSES_MS = [10, 50, 100, 500, 1000, STALENESS_BOUND_MS, null] as const;

/** How old the answers were: how many had been superseded for up to so many milliseconds when they were asked for. */
export interface Ages {
  readonly current: number;
  readonly behind: readonly { readonly upToMs: number | null; readonly count: number }[];
  readonly oldestMs: number;
}

/** Judges what callers were shown, while the run goes on and at its end. */
export class Jury {
  readonly verdicts: Record<Judgement['outcome'], number> = {
    current: 0,
    behind: 0,
    stale: 0,
    uncommitted: 0,
  };
  readonly #log: Pick<CommitLog, 'now' | 'since'>;
  readonly #oracle = new Oracle({ boundMs: STALENESS_BOUND_MS });
  readonly #ages = AGE_CLASSES_MS.map((upToMs) => ({ upToMs, count: 0 }));
  #oldestMs = 0;
  #pending: Read[] = [];
  #learntUntilMs = 0;

  constructor(log: Pick<CommitLog, 'now' | 'since'>) {
    this.#log = log;
  }

  /** Judges all that is old enough; with `all`, once no request is under way any more, the rest too. */
  async judge(reads: readonly Read[], { all }: { readonly all: boolean }): Promise<void> {
    const now = this.#log.now();
    this.#oracle.learn(await this.#log.since(this.#learntUntilMs - OVERLAP_MS));
    this.#learntUntilMs = now;

    const waiting: Read[] = [];
    for (const read of [...this.#pending, ...reads]) {
      if (all || read.startedAtMs < now - DELAY_MS) this.#count(this.#oracle.judge(read));
      else waiting.push(read);
    }
    this.#pending = waiting;
  }

  get ages(): Ages {
    return { current: this.verdicts.current, behind: this.#ages, oldestMs: this.#oldestMs };
  }

  #count(judgement: Judgement): void {
    this.verdicts[judgement.outcome] += 1;
    if (!('staleMs' in judgement)) return;

    this.#oldestMs = Math.max(this.#oldestMs, judgement.staleMs);
    const ageClass = this.#ages.find(({ upToMs }) => upToMs === null || judgement.staleMs <= upToMs);
    if (ageClass) ageClass.count += 1;
  }
}
