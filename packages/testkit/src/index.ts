export type { ClusterDriver, NodeProcess, NodeState } from './driver.ts';
export {
  ClusterNotReadyError,
  ClusterStateError,
  NodeStartError,
  RedisServerNotFoundError,
  RedisServerUnusableError,
  type TestkitError,
} from './errors.ts';
export { ManualClock } from './manual-clock.ts';
export type { TestClusterOptions } from './options.ts';
export { findRedisServer, type RedisServer } from './redis-binary.ts';
export type { SlotMovePace, SlotMoveProgress } from './slot-move.ts';
export type { SlotMove } from './slot-moves.ts';
export { type ConnectOptions, TestCluster } from './test-cluster.ts';
export type { TestNode } from './test-node.ts';
