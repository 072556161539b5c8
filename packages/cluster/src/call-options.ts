import type { Duration } from '@keyslot/kernel';
import type { AnyKey } from '@keyslot/keys';
import type { Argument } from './argument.ts';
import type { ReadFrom, Safety } from './call.ts';

/** A key as text, or one that knows its slot and template already. */
export type KeyLike = string | Pick<AnyKey, 'text' | 'slot' | 'template'>;

/** One call's own choices. */
export interface CallOptions {
  /** How long the call may take in all. @default the client's `deadline` */
  readonly deadline?: Duration;

  /**
   * What to do while the key's shard has no primary that answers, or its breaker is open: `'wait'` until the
   * deadline, or `'reject'` at once with {@link ShardUnavailableError}.
   *
   * @default 'wait'
   */
  readonly whenOpen?: 'wait' | 'reject';

  /**
   * Who answers a read: the `'primary'`; a `'replica'`, which may be behind and stays so for as long as it is cut
   * off; or a replica and, where none answers within half of the deadline, the primary
   * (`'prefer-replica'`).
   *
   * @default 'primary'
   */
  readonly readFrom?: ReadFrom;

  /** Ends the call when it is aborted, with {@link AbortedError}. */
  readonly signal?: AbortSignal;
}

/** Choices for a command that has no method of its own. */
export interface CommandOptions extends CallOptions {
  /** What repeating the command may do. @default known for common commands, `'once'` for the others */
  readonly safety?: Safety;

  /** Whether strings in the reply arrive as `Buffer`. @default false */
  readonly buffers?: boolean;
}

/** One command of a batch: its name, then its arguments. */
export type BatchCommand = readonly [name: string, ...args: Argument[]];

/** What became of one command of a batch. */
export type CommandOutcome =
  | { readonly outcome: 'answered'; readonly value: unknown }
  | { readonly outcome: 'failed'; readonly error: Error };
