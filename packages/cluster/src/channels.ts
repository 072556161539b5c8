import { channel } from 'node:diagnostics_channel';
import type { BreakerState } from './breaker.ts';
import type { Failure } from './failure.ts';
import type { FindingsTold } from './finding.ts';

/** Told when an attempt of a call failed, before it is decided whether there is another one. */
export interface AttemptFailed {
  readonly command: string;
  readonly failure: Failure;

  /** The node's id; `undefined` when the attempt reached none. */
  readonly shard: string | undefined;
}

/** Told when a call is sent again. */
export interface Retry {
  readonly command: string;

  /** Which attempt it is, from 2 up. */
  readonly attempt: number;
}

/** Told when a call was not sent: its node has no connection, its breaker is open, or it has no room. */
export interface Rejection {
  readonly command: string;
  readonly why: string;
  readonly shard: string | undefined;
}

/** Told when a node's breaker opens, lets a probe pass, or closes. */
export interface BreakerChange {
  readonly shard: string;
  readonly state: BreakerState;
}

/** Told when a connection to a node was lost or could not be made. */
export interface ConnectionChange {
  readonly node: string | undefined;
  readonly state: 'lost' | 'error';
  readonly why?: string;
}

/** Told when a subscription stands, or no longer does. */
export interface SubscriptionChange {
  readonly state: 'standing' | 'down';
  readonly why?: string;
}

/** Told when a shard's primary begins to leave the question after its memory unanswered; not again until it has answered. */
export interface MemoryUnread {
  /** The node's id. */
  readonly shard: string;
  readonly why: string;
}

// Where the client tells what happens to it. Commands are named, keys and values never.
const channels = {
  attempt: channel('keyslot:cluster.attempt'),
  breaker: channel('keyslot:cluster.breaker'),
  rejection: channel('keyslot:cluster.rejection'),
  retry: channel('keyslot:cluster.retry'),
  connection: channel('keyslot:cluster.connection'),
  subscription: channel('keyslot:cluster.subscription'),
  finding: channel('keyslot:cluster.finding'),
  memory: channel('keyslot:cluster.memory'),
};

export function tellAttempt(message: AttemptFailed): void {
  if (channels.attempt.hasSubscribers) channels.attempt.publish(message);
}

export function tellConnection(message: ConnectionChange): void {
  if (channels.connection.hasSubscribers) channels.connection.publish(message);
}

export function tellSubscription(message: SubscriptionChange): void {
  if (channels.subscription.hasSubscribers) channels.subscription.publish(message);
}

export function tellBreaker(message: BreakerChange): void {
  if (channels.breaker.hasSubscribers) channels.breaker.publish(message);
}

export function tellRejection(message: Rejection): void {
  if (channels.rejection.hasSubscribers) channels.rejection.publish(message);
}

export function tellRetry(message: Retry): void {
  if (channels.retry.hasSubscribers) channels.retry.publish(message);
}

export function tellFindings(message: FindingsTold): void {
  if (channels.finding.hasSubscribers) channels.finding.publish(message);
}

export function tellMemory(message: MemoryUnread): void {
  if (channels.memory.hasSubscribers) channels.memory.publish(message);
}

/** ioredis's errors carry the command with its arguments, a password among them: only the words are told. */
export function tellConnectionError(error: Error, node?: string): void {
  tellConnection({ node, state: 'error', why: error.message });
}
