export type { Argument } from './argument.ts';
export type { BreakerState } from './breaker.ts';
export type { ReadFrom, Safety } from './call.ts';
export type { BatchCommand, CallOptions, CommandOptions, CommandOutcome, KeyLike } from './call-options.ts';
export type {
  AttemptFailed,
  BreakerChange,
  ConnectionChange,
  MemoryUnread,
  Rejection,
  Retry,
  SubscriptionChange,
} from './channels.ts';
export { ClusterClient } from './client.ts';
export {
  AbortedError,
  ClientClosedError,
  type ClusterError,
  CommandFailedError,
  CrossSlotError,
  DeadlineExceededError,
  type Executed,
  NotConnectedError,
  OutcomeUnknownError,
  OverloadedError,
  ScriptReplyError,
  ShardUnavailableError,
  SupersededError,
} from './errors.ts';
export type { Failure } from './failure.ts';
export type { Finding, FindingCode, FindingsTold, Severity } from './finding.ts';
export type { Health, PingOutcome, ShardHealth } from './health.ts';
export type { LuaSource } from './lua-source.ts';
export type {
  ClusterClientOptions,
  ConnectionOptions,
  HandedOverClusterOptions,
  OwnClusterOptions,
} from './options.ts';
export type { OwnerChangeListener } from './owner-listeners.ts';
export { defineScript, type Script, type ScriptArgs } from './script.ts';
export type { ShardMemory } from './shard-memory.ts';
export type { ShardSubscription } from './shard-subscriber.ts';
export type { Listener } from './subscription.ts';
export type { ShardTopology, Topology, TopologyChange } from './topology.ts';
