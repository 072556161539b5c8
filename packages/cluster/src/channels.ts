import { channel } from 'node:diagnostics_channel';
import type { Failure } from './failure.ts';

/** Told when an attempt of a call failed, before it is decided whether there is another one. */
export interface AttemptFailed {
  readonly command: string;
  readonly failure: Failure;
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

// Where the client tells what happens to it. Commands are named, keys and values never.
const channels = {
  attempt: channel('keyslot:cluster.attempt'),
  connection: channel('keyslot:cluster.connection'),
  subscription: channel('keyslot:cluster.subscription'),
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
