import { type Duration, InvalidOptionError, toMs } from '@keyslot/kernel';
import { Cluster, type ClusterNode, type ClusterOptions } from 'ioredis';
import { CoalescingConnector } from './coalescing-connector.ts';

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
   * @default 250
   */
  readonly deadline?: Duration;
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
   * without the coalescing connector each command is a socket write of its own.
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
}

/** @throws {InvalidOptionError} before anything is opened. */
export function settingsOf(options: ClusterClientOptions): Settings {
  const deadlineMs = toMs(options.deadline ?? 250, 'deadline');
  if ('cluster' in options) {
    if (!(options.cluster instanceof Cluster)) {
      throw new InvalidOptionError(
        'cluster',
        options.cluster,
        'an ioredis Cluster; for addresses use `nodes`',
      );
    }
    return { cluster: options.cluster, isOurs: false, deadlineMs };
  }
  if (!Array.isArray(options.nodes) || options.nodes.length === 0) {
    throw new InvalidOptionError('nodes', options.nodes, 'at least one address, like { host, port }');
  }
  return { cluster: openCluster(options.nodes, options.connection ?? {}), isOurs: true, deadlineMs };
}

function openCluster(nodes: readonly ClusterNode[], connection: ConnectionOptions): Cluster {
  const { natMap, dnsLookup, ...credentials } = connection;
  return new Cluster([...nodes], {
    // Retries are the client's: ioredis repeats commands without asking whether that is harmless.
    retryDelayOnFailover: 0,
    maxRedirections: 16,
    retryDelayOnMoved: 0,
    retryDelayOnClusterDown: 50,
    retryDelayOnTryAgain: 20,
    // Returns false nulls while slots move, and fails whole batches.
    enableAutoPipelining: false,
    // Its queues know no deadline.
    enableOfflineQueue: false,
    // Without a queue it fails when the node that it happens to ask is being connected, and all begins again.
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
      Connector: CoalescingConnector,
      // A node that is alive but frozen keeps its connection: silence is the only sign.
      socketTimeout: 1_000,
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
