import type { Key } from '@keyslot/keys';
import type { ClusterKey } from './cluster-key.ts';
import type { FoundValue } from './cluster-tier.ts';
import type { Flight } from './flights.ts';
import type { EntryOptions, Policy } from './freshness.ts';
import type { Journey } from './journey.ts';
import type { Stale } from './load-context.ts';
import type { Load, Loader } from './loads.ts';

/**
 * One call's own choices for a read. They are checked when they are used: a call that is answered from this process's memory
 * does not look at them, and refuses wrong ones only when it is not.
 */
export interface ReadOptions extends EntryOptions {
  /** Ends this caller's waiting, with the signal's reason. The load goes on for the others, and to be kept. */
  readonly signal?: AbortSignal;

  /** Has the value loaded anew, whatever is there, and answered only when it is. @default false */
  readonly forceRefresh?: boolean;
}

/** How a read that is part of a batch differs from one by itself. */
export interface Part<Value = unknown> {
  /** Told once somebody else provides the value: the batch need not wait for this key before it loads the others. */
  onOthers(): void;

  /** Loads the key for those who do not wait for it: with others of that kind, never with those who do. */
  readonly loaderBehind: Loader<Value>;
}

/** One read that went past the local tier, and who shares it. */
export interface Request<Value> {
  readonly key: Key<Value>;

  /** By which this process knows the key. */
  readonly id: string;
  readonly inCluster: ClusterKey;
  readonly loader: Loader<Value>;
  readonly policy: Policy;
  readonly isForced: boolean;
  readonly part: Part<Value> | undefined;
  readonly flight: Flight;
  readonly journey: Journey | undefined;
}

/** The load that a request makes, if it comes to that. */
export function loadOf<Value>(request: Request<Value>, stale?: Stale<Value>): Load<Value> {
  const { key, inCluster, loader, policy, part } = request;
  return { template: key.template, text: inCluster.text, loader, policy, stale, isPart: part !== undefined };
}

/** What a loader is told of a value that it is to replace. */
export function staleOf<Value>(found: FoundValue, now: number): Stale<Value> {
  return { value: found.value as Value, ageMs: Math.max(0, now - found.writtenAt) };
}
