import type { Kept } from './local-tier.ts';

/**
 * What a read answers, and where it came from.
 *
 * - `local`: this process's memory
 * - `cluster`: what the key's primary has
 * - `stale`: a value past its time, or a replica's, because a fresh one is on its way or cannot be had
 * - `loader`: it was loaded, by this caller or by one that it joined
 */
export interface Answer<Value> {
  readonly value: Value;
  readonly source: 'local' | 'cluster' | 'stale' | 'loader';

  /** How long ago it was stored, in milliseconds, as far as the machines' clocks agree; 0 for what was loaded. */
  readonly ageMs: number;

  /**
   * Of a loaded value, what became of it: `unknown` may be there, and may still come to be; `not-led` was not to be
   * stored, because somebody else leads, the shard is away or full, or what is there is in doubt.
   */
  readonly kept?: 'filled' | 'superseded' | 'skipped' | 'unknown' | 'not-led';
}

/** An answer of something that was stored. */
export function answerOf<Value>(
  { value, writtenAt }: Pick<Kept, 'value' | 'writtenAt'>,
  source: Answer<Value>['source'],
  now: number,
): Answer<Value> {
  return { value: value as Value, source, ageMs: Math.max(0, now - writtenAt) };
}
