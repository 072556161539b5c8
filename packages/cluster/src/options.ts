import { type Duration, InvalidOptionError, toTimerMs } from '@keyslot/kernel';
import { Cluster, type ClusterNode, type ClusterOptions } from 'ioredis';
import { CoalescingConnector } from './coalescing-connector.ts';
import { ConnectionTrouble } from './connection-trouble.ts';
import type { Policy } from './policy.ts';
import { Seeds } from './seeds.ts';

/** What ioredis is told beside Keyslot's own settings: credentials, TLS, and how addresses are translated. */
export interface ConnectionOptions {
  /** The ACL user. @default the server's default user */
  readonly username?: string;

  /** The password. @default none */
  readonly password?: string;

  /** TLS settings, as for `tls.connect`. @default no TLS */
  readonly tls?: object;

  /** From the addresses that the nodes announce to those that reach them. @default none */
  readonly natMap?: ClusterOptions['natMap'];

  /** How host names are looked up. @default the system's way */
  readonly dnsLookup?: ClusterOptions['dnsLookup'];
}

interface CommonOptions {
  /**
   * How long a call may take in all, retries included, unless it says otherwise. When it is over, the
   * call rejects, and a command that has not been sent by then never is.
   *
   * A node may be silent for as long as the longest deadline of the calls that it was sent, but for one second at least
   * and five at most; then its connection is given up, and what was sent first on it is not sent again. So a command
   * that keeps a node busy for longer than five seconds fails whatever its deadline.
   *
   * @default 250
   */
  readonly deadline?: Duration;

  /** How many calls each node is trusted with; beyond that, calls fail with {@link OverloadedError}. */
  readonly bulkhead?: {
    /** How many may be under way at a node. @default 512 */
    readonly inFlight?: number;

    /** How many more may wait for a place. @default 2048 */
    readonly queue?: number;
  };

  /** When calls to a node stop being sent, because it hangs or loses connections. */
  readonly breaker?: {
    /**
     * How many signs of trouble within a second open it. Five calls in a row without any answer from the
     * node open it whatever this says.
     *
     * @default 5
     */
    readonly threshold?: number;

    /** How long it stays open before a probe is sent; the node is back when that is answered. @default '500ms' */
    readonly probeAfter?: Duration;
  };

  /**
   * Whether the client checks the cluster once by itself, a moment after it is connected, and tells what it found on
   * the channel `keyslot:cluster.finding`. Costs each primary a connection and some twenty small commands.
   *
   * @default true
   */
  readonly selfCheck?: boolean;
}

/** A cluster that the client opens and closes itself. */
export interface OwnClusterOptions extends CommonOptions {
  /** Nodes to begin with; the rest is discovered. */
  readonly nodes: readonly ClusterNode[];

  /** Credentials, TLS and addresses. */
  readonly connection?: ConnectionOptions;
}

/** An ioredis `Cluster` of the application's. The application closes it. */
export interface HandedOverClusterOptions extends CommonOptions {
  /**
   * The application's `Cluster`. Its own retries, redirects and connections stay as they were set up;
   * without the coalescing connector each command is a socket write of its own. One with a `keyPrefix` is refused:
   * commands would go to the slots of other keys.
   */
  readonly cluster: Cluster;
}

/** How a {@link ClusterClient} is made. */
export type ClusterClientOptions = OwnClusterOptions | HandedOverClusterOptions;

/** Options that were checked. */
export interface Settings {
  readonly cluster: Cluster;
  readonly isOurs: boolean;
  readonly deadlineMs: number;
  readonly policy: Policy;
  readonly selfCheck: boolean;
  readonly trouble: ConnectionTrouble;

  /** What a cluster of our own begins with when it has lost all connections. */
  readonly seeds: Seeds | undefined;
}

/** @throws {InvalidOptionError} before anything is opened. */
export function settingsOf(options: ClusterClientOptions): Settings {
  const deadlineMs = toTimerMs(options.deadline ?? 250, 'deadline');
  const policy = policyOf(options, 'nodes' in options);
  const { selfCheck = true } = options;
  if (typeof selfCheck !== 'boolean') throw new InvalidOptionError('selfCheck', selfCheck, 'true or false');
  const trouble = new ConnectionTrouble();
  const checked = { deadlineMs, policy, selfCheck, trouble };
  if ('cluster' in options) {
    return { ...checked, cluster: handedOver(options.cluster), isOurs: false, seeds: undefined };
  }
  if (!Array.isArray(options.nodes) || options.nodes.length === 0) {
    throw new InvalidOptionError('nodes', options.nodes, 'at least one address, like { host, port }');
  }
  const seeds = new Seeds(options.nodes);
  const cluster = openCluster(seeds, options.connection ?? {}, trouble);
  return { ...checked, cluster, isOurs: true, seeds };
}

function handedOver(cluster: unknown): Cluster {
  if (!(cluster instanceof Cluster)) {
    throw new InvalidOptionError('cluster', cluster, 'an ioredis Cluster; for addresses use `nodes`');
  }
  const { keyPrefix } = cluster.options;
  if (keyPrefix) {
    throw new InvalidOptionError(
      'cluster.options.keyPrefix',
      keyPrefix,
      'none; Keyslot sends keys as they are, so write the prefix into their templates',
    );
  }
  return cluster as Cluster;
}

function policyOf({ bulkhead = {}, breaker = {} }: CommonOptions, isOurs: boolean): Policy {
  return {
    // Five seconds is when Redis itself calls a script busy.
    ...(isOurs && { silence: { leastMs: 1_000, mostMs: 5_000 } }),
    bulkhead: {
      inFlight: whole(bulkhead.inFlight ?? 512, 'bulkhead.inFlight', 1),
      queue: whole(bulkhead.queue ?? 2_048, 'bulkhead.queue', 0),
    },
    breaker: {
      threshold: whole(breaker.threshold ?? 5, 'breaker.threshold', 1),
      probeAfterMs: toTimerMs(breaker.probeAfter ?? '500ms', 'breaker.probeAfter', 10),
    },
  };
}

function whole(value: number, option: string, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new InvalidOptionError(option, value, `a whole number from ${least} up`);
  }
  return value;
}

function openCluster(seeds: Seeds, connection: ConnectionOptions, trouble: ConnectionTrouble): Cluster {
  const { natMap, dnsLookup, ...credentials } = connection;
  class Connector extends CoalescingConnector {
    constructor(options: unknown) {
      super(options, (error, node) => trouble.note(error, node));
    }
  }
  return new Cluster(seeds.nodes, {
    // Retries are the client's: ioredis repeats commands without asking whether that is harmless.
    retryDelayOnFailover: 0,
    maxRedirections: 16,
    retryDelayOnMoved: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 20,
    // Returns false nulls while slots move, and fails whole batches.
    enableAutoPipelining: false,
    // Its queues know no deadline.
    enableOfflineQueue: false,
    // It asks a random node, and gives all connections up when that one is connecting already, or says that a slot of
    // anybody's is not served.
    enableReadyCheck: false,
    scaleReads: 'master',
    // The interval is the client's: ioredis's own outlives a disconnect.
    slotsRefreshTimeout: 500,
    // Always a number: anything else would end the client for ever.
    clusterRetryStrategy: (attempt) =>
      Math.min(2_000, 100 * 2 ** Math.min(attempt, 6)) * (0.5 + Math.random() / 2),
    shardedSubscribers: false,
    ...(natMap && { natMap }),
    ...(dnsLookup && { dnsLookup }),
    redisOptions: {
      ...credentials,
      protocol: 2,
      Connector,
      // A node that is alive but frozen keeps its connection: silence is the only sign. Guards give it up; this is for
      // what they know nothing of.
      socketTimeout: 6_000,
      connectTimeout: 1_000,
      disconnectTimeout: 100,
      keepAlive: 5_000,
      enableReadyCheck: true,
      // Fails on servers before 7.2, twice for each connection.
      disableClientInfo: true,
      connectionName: 'keyslot',
    },
  });
}
