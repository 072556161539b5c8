import { InvalidOptionError } from '@keyslot/kernel';
import type { ClusterDriver } from './driver.ts';

/** How a test cluster is made. */
export interface TestClusterOptions {
  /**
   * How many primaries share the slots. With fewer than three no replica can be elected when one is
   * killed: an election needs the majority of the primaries.
   *
   * @default 3
   */
  readonly primaries?: number;

  /**
   * How many replicas follow each primary. With none, a killed primary's slots stay unserved until it is
   * restarted.
   *
   * @default 1
   */
  readonly replicasPerPrimary?: number;

  /**
   * For how long a node may be silent before the others hold it to be down, in milliseconds. A failover
   * takes about 1.5 to 2.5 times as long. Much below 1000 a busy machine looks like a dead node.
   *
   * @default 2000
   */
  readonly nodeTimeoutMs?: number;

  /**
   * Whether every node refuses commands while any slot is unserved, which is Redis' own default and makes
   * one dead shard everybody's outage.
   *
   * @default false
   */
  readonly requireFullCoverage?: boolean;

  /**
   * Further arguments of every server, `['--maxmemory', '50mb']`; they win over the testkit's.
   *
   * @default none
   */
  readonly serverArgs?: readonly string[];

  /**
   * What runs the servers. Disposed of with the cluster, also when the start fails.
   *
   * @default processes of the server that `findRedisServer` finds
   */
  readonly driver?: ClusterDriver;
}

export type Shape = Required<Omit<TestClusterOptions, 'driver'>>;

/** The options with their defaults, or the error that names the one that cannot be used. */
export function shapeOf(options: TestClusterOptions): Shape {
  return {
    primaries: whole('primaries', options.primaries ?? 3, 1, 100),
    replicasPerPrimary: whole('replicasPerPrimary', options.replicasPerPrimary ?? 1, 0, 10),
    nodeTimeoutMs: whole('nodeTimeoutMs', options.nodeTimeoutMs ?? 2000, 100, 600_000),
    requireFullCoverage: options.requireFullCoverage ?? false,
    serverArgs: options.serverArgs ?? [],
  };
}

export function whole(option: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvalidOptionError(option, value, `a whole number from ${least} to ${most}`);
}

/** The arguments of every server of a cluster. */
export function serverArgs(shape: Shape): string[] {
  return [
    ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'],
    ...['--cluster-node-timeout', `${hastyTimeoutMs(shape)}`],
    ...['--cluster-require-full-coverage', shape.requireFullCoverage ? 'yes' : 'no'],
    // No replica goes over to another shard, and an emptied primary stays one: tests decide who is who.
    ...['--cluster-allow-replica-migration', 'no'],
    // Replicas are in sync, and are announced to clients, after one second instead of ten.
    ...['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
    ...['--save', '', '--appendonly', 'no'],
    ...shape.serverArgs,
  ];
}

/**
 * The node timeout while the cluster is formed. Nodes tell each other their news at least twice in it, so that
 * a short one makes roles and offsets known in a fraction of a second instead of several.
 */
function hastyTimeoutMs(shape: Shape): number {
  return Math.min(shape.nodeTimeoutMs, 500);
}
