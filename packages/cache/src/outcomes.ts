import type { Answer } from './answer.ts';
import type { SkipReason } from './write-guard.ts';

/**
 * What came of a set.
 *
 * - `stored`: `shortenedToMs` says that it is for less time than asked for, because the shard's memory runs out
 * - `superseded`: somebody else deleted, set or expired the key meanwhile
 * - `skipped`: not stored, because the shard's memory runs out or the value is larger than it may be (`over-the-limit`); the old
 *   value is removed as by a delete, whose outcome is `old`
 * - `failed`: the old value may still be there
 */
export type SetResult =
  | { readonly outcome: 'stored'; readonly shortenedToMs?: number }
  | { readonly outcome: 'superseded' }
  | {
      readonly outcome: 'skipped';
      readonly why: SkipReason | 'over-the-limit' | 'by-the-loader';
      readonly old: DeleteResult['outcome'];
    }
  | { readonly outcome: 'failed'; readonly error: unknown };

/**
 * What came of changing when a value ends. `expired`: also where it is only being loaded; that will not be stored. `absent`: there
 * is none. `failed`: it may have been done.
 */
export type ExpireResult =
  | { readonly outcome: 'expired' | 'absent' }
  | { readonly outcome: 'failed'; readonly error: unknown };

/** What came of giving a value more time. `absent`: there is none. `failed`: it may have been done. */
export type TouchResult =
  | { readonly outcome: 'touched' | 'absent' }
  | { readonly outcome: 'failed'; readonly error: unknown };

/**
 * What came of a delete.
 *
 * - `deleted`: `existed` says whether there was anything to delete: a value, fresh or stale, a load under way, or what one
 *   that failed left. `false` is what the answer said; where an earlier one was lost and the command repeated, the first
 *   may have found something. Without it, it is not known at all, because the delete took several attempts
 * - `pending`: the shard is away; it goes on, and nobody reads the old value meanwhile
 */
export type DeleteResult =
  | { readonly outcome: 'deleted'; readonly existed?: boolean }
  | { readonly outcome: 'pending' };

/** What a tier has of one key of many. `failed`: its shard has no answer. */
export type GetOutcome<Value> =
  | ({ readonly outcome: 'hit' } & Pick<Answer<Value>, 'value' | 'source' | 'ageMs'>)
  | { readonly outcome: 'miss' }
  | { readonly outcome: 'failed'; readonly error: unknown };

/** What came of one key of a batch that is loaded where it is missing. */
export type LoadOutcome<Value> =
  | ({ readonly outcome: 'answered' } & Answer<Value>)
  | { readonly outcome: 'failed'; readonly error: unknown };
