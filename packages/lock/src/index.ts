export {
  InvalidResourceError,
  type LockError,
  LockLostError,
  LocksClosedError,
  LockTimeoutError,
  type LossReason,
} from './errors.ts';
export type { Lock, ReleaseResult } from './lock.ts';
export type { LockClient } from './lock-client.ts';
export type { LockGroup } from './lock-group.ts';
export { Locks } from './locks.ts';
export { MemoryLockClient, type MemoryLockClientOptions } from './memory-lock-client.ts';
export { createMemoryLocks, type MemoryLocksOptions } from './memory-locks.ts';
export type { AcquireOptions, HoldOptions, LocksOptions } from './options.ts';
export type { Resource } from './resource.ts';
export type { PermitOptions, Semaphore, SemaphoreOptions } from './semaphore.ts';
export type { AcquisitionTold, EndTold, HeldAs, LockProblemTold, LockStep } from './telling.ts';
