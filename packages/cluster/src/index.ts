export type { Argument, Safety } from './call.ts';
export type { BatchCommand, CallOptions, CommandOptions, CommandOutcome, KeyLike } from './call-options.ts';
export type { AttemptFailed, ConnectionChange, SubscriptionChange } from './channels.ts';
export { ClusterClient } from './client.ts';
export type { OwnerChangeListener } from './dispatcher.ts';
export {
  ClientClosedError,
  type ClusterError,
  CommandFailedError,
  CrossSlotError,
  DeadlineExceededError,
  type Executed,
  NotConnectedError,
  OutcomeUnknownError,
  ScriptReplyError,
  ShardUnavailableError,
} from './errors.ts';
export type { Failure } from './failure.ts';
export type { LuaSource } from './lua-source.ts';
export type {
  ClusterClientOptions,
  ConnectionOptions,
  HandedOverClusterOptions,
  OwnClusterOptions,
} from './options.ts';
export { defineScript, type Script, type ScriptArgs } from './script.ts';
export type { Listener } from './subscription.ts';
