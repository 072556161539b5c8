import { type Duration, InvalidOptionError, toMs } from '@keyslot/kernel';

/**
 * When values are stored for a shorter time, or not at all, because the memory of their shard runs out. Levels are
 * parts of the shard's `maxmemory`; a shard without a limit is never full.
 */
export interface WriteGuardOptions {
  /**
   * From which level on values are stored for a shorter time, and those over `largeBytes` not at all. Lower leaves
   * more room for bursts; at 1 nothing is shaped before the server itself refuses or evicts.
   *
   * @default 0.85
   */
  readonly threshold?: number;

  /**
   * From which level on only values up to `smallBytes` are stored, for a quarter of their time; between the two levels
   * the time is shortened the more, the nearer this one is. A shard that evicts nothing (`noeviction`) stores none from
   * 0.98 on. Lower trades hits for room.
   *
   * @default 0.95
   */
  readonly shed?: number;

  /**
   * The largest entry that is stored between `threshold` and `shed`, in bytes as in Redis. Larger ones are loaded by
   * everybody who asks for as long as the shard is that full.
   *
   * @default 64 KiB
   */
  readonly largeBytes?: number;

  /**
   * The largest entry that is stored above `shed`, in bytes as in Redis. A shard that evicts is full most of the time:
   * set it to what your values usually need.
   *
   * @default 8 KiB
   */
  readonly smallBytes?: number;

  /**
   * How long nothing is stored in a shard after it refused a write for want of memory. Longer spares it more attempts;
   * shorter stores again sooner after it was given room.
   *
   * @default '5s'
   */
  readonly oomFor?: Duration;
}

/** Options of the guard that were checked. */
export interface WriteGuardSettings {
  readonly threshold: number;
  readonly shed: number;
  readonly largeBytes: number;
  readonly smallBytes: number;
  readonly oomForMs: number;
}

/**
 * @returns `undefined` when there is to be no guard
 * @throws {InvalidOptionError} naming the option, what was received and what is allowed.
 */
export function guardSettingsOf(options: WriteGuardOptions | false): WriteGuardSettings | undefined {
  if (options === false) return undefined;
  // A higher threshold alone, or a lower size alone, moves the other one along.
  const { threshold = 0.85, shed = Math.min(1, Math.max(0.95, threshold)), largeBytes = 64 * 1024 } = options;
  const { smallBytes = Math.min(8 * 1024, largeBytes) } = options;
  if (!(threshold > 0 && threshold <= 1)) {
    throw new InvalidOptionError('guard.threshold', threshold, 'above 0, up to 1');
  }
  if (!(shed >= threshold && shed <= 1)) {
    throw new InvalidOptionError('guard.shed', shed, `from the threshold (${threshold}) up to 1`);
  }
  return {
    threshold,
    shed,
    largeBytes: upTo(largeBytes, 'guard.largeBytes', Number.MAX_SAFE_INTEGER, 'a whole number from 0 up'),
    smallBytes: upTo(smallBytes, 'guard.smallBytes', largeBytes, `a whole number from 0 to ${largeBytes}`),
    oomForMs: toMs(options.oomFor ?? '5s', 'guard.oomFor'),
  };
}

function upTo(value: number, option: string, most: number, allowed: string): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) {
    throw new InvalidOptionError(option, value, allowed);
  }
  return value;
}
