import type { Finding, FindingCode, Severity } from './finding.ts';
import type { Inquiry, NodeFacts } from './node-inquiry.ts';
import type { ShardTopology, Topology } from './topology.ts';

/** The oldest major version that Keyslot is built for: Redis 7.0, and every Valkey. */
const OLDEST_MAJOR = 7;

/** A clock that is off by more is worth knowing, in milliseconds. */
const CLOCK_LIMIT_MS = 1_000;

const SLOTS = 16_384;

/** What concerns no shard more than the others. */
export function aboutCluster(
  topology: Topology | undefined,
  inquiries: readonly Inquiry[],
  trouble: string | undefined,
): Finding[] {
  if (topology === undefined) {
    const why = trouble === undefined ? '' : ` (${trouble})`;
    return [
      finding(
        ['TOPOLOGY_UNKNOWN', 'error', undefined],
        `No node has said who serves which slots${why}.`,
        'Check the addresses, the network, the credentials, and that the servers run with `cluster-enabled yes`.',
      ),
    ];
  }
  const found: Finding[] = [];
  let covered = 0;
  for (const { slots } of topology.shards) for (const [from, to] of slots) covered += to - from + 1;
  if (covered < SLOTS) {
    found.push(
      finding(
        ['SLOTS_UNCOVERED', 'error', undefined],
        `${SLOTS - covered} of ${SLOTS} slots belong to nobody: calls for their keys end with an error.`,
        'Assign them with `redis-cli --cluster fix`.',
      ),
    );
  }
  const products = new Set(
    inquiries.flatMap((each) => (each.outcome === 'answered' ? (each.facts.product ?? []) : [])),
  );
  if (products.size > 1) {
    found.push(
      finding(
        ['VERSIONS_DIFFER', 'warning', undefined],
        `The primaries run different versions: ${[...products].toSorted().join(', ')}.`,
        'Finish the upgrade; until then use only what the oldest of them knows.',
      ),
    );
  }
  return found;
}

/** What a shard's primary said, and how the shard is made. */
export function aboutShard({ id, primary, replicas }: ShardTopology, inquiry: Inquiry): Finding[] {
  const found: Finding[] = [];
  const add = (code: FindingCode, severity: Severity, message: string, remedy: string) => {
    found.push(finding([code, severity, id], `${primary}: ${message}`, remedy));
  };
  if (replicas.length === 0) {
    add(
      'NO_REPLICA',
      'warning',
      'has no replica, so nobody takes over its slots when it fails.',
      'Give every primary a replica on another machine.',
    );
  }
  if (inquiry.outcome === 'failed') {
    add(
      'NODE_UNREACHABLE',
      'error',
      `could not be asked (${inquiry.why}).`,
      'Check the server, the network, and that its users are the same as on the other nodes.',
    );
    return found;
  }
  aboutServer(inquiry.facts, add);
  aboutMemory(inquiry.facts, add);
  aboutPermissions(inquiry.facts, add);
  return found;
}

type Add = (code: FindingCode, severity: Severity, message: string, remedy: string) => void;

function aboutServer(facts: NodeFacts, add: Add): void {
  const { version, product, requiresFullCoverage, clusterState, clock } = facts;
  if (version !== undefined && Number.parseInt(version, 10) < OLDEST_MAJOR) {
    add('VERSION_TOO_OLD', 'error', `runs ${product}.`, 'Upgrade to Redis 7.0, Valkey 7.2 or later.');
  }
  if (clusterState !== undefined && clusterState !== 'ok') {
    add(
      'CLUSTER_DOWN',
      'error',
      `says that the cluster is down (cluster_state:${clusterState}).`,
      'Bring the missing nodes back, or let their replicas take over.',
    );
  }
  if (requiresFullCoverage === true) {
    add(
      'FULL_COVERAGE_REQUIRED',
      'warning',
      'refuses all commands as soon as any slot is without a primary: one dead shard stops all of them.',
      'Set `cluster-require-full-coverage no` on every node.',
    );
  } else if (requiresFullCoverage === undefined) {
    add(
      'CONFIG_UNREADABLE',
      'info',
      'does not show its configuration, so `cluster-require-full-coverage` was not checked.',
      'Allow `+config|get`, or look at the setting yourself: it should be `no`.',
    );
  }
  if (clock !== undefined && Math.abs(clock.offsetMs) - clock.uncertaintyMs > CLOCK_LIMIT_MS) {
    const [seconds, way] = [Math.abs(clock.offsetMs) / 1_000, clock.offsetMs > 0 ? 'ahead of' : 'behind'];
    add(
      'CLOCK_OFFSET',
      'info',
      `its clock is ${seconds.toFixed(1)} s ${way} this machine's. Caches do without equal clocks; locks and limits do not after a failover, nor do people reading logs.`,
      'Run NTP on both machines.',
    );
  }
}

function aboutMemory({ maxMemory, evictionPolicy }: NodeFacts, add: Add): void {
  if (maxMemory === 0) {
    add(
      'MEMORY_UNLIMITED',
      'warning',
      'has no limit of memory: it grows until the system ends it, and is then lost at once.',
      'Set `maxmemory`, and a `maxmemory-policy` like `allkeys-lru`.',
    );
  } else if (maxMemory !== undefined && evictionPolicy === 'noeviction') {
    add(
      'EVICTION_OFF',
      'warning',
      'evicts nothing: when its memory is full, writes fail until entries have expired.',
      'For a cache set `maxmemory-policy` to `allkeys-lru` or `allkeys-lfu`.',
    );
  }
}

function aboutPermissions({ denied }: NodeFacts, add: Add): void {
  if (denied.length === 0) return;
  const isOneOf = (matters: string) => denied.some((each) => each.matters === matters);
  const severity = isOneOf('always') ? 'error' : isOneOf('sometimes') ? 'warning' : 'info';
  const commands = denied.map(({ command }) => command);
  add(
    'COMMAND_DENIED',
    severity,
    `its ACL does not let this client's user run ${commands.join(', ')}.`,
    `Allow ${commands.map((command) => `+${command}`).join(' ')} on every node.`,
  );
}

function finding(
  [code, severity, shard]: readonly [FindingCode, Severity, string | undefined],
  message: string,
  remedy: string,
): Finding {
  return { code, severity, shard, message, remedy };
}
