import { ClusterStateError } from './errors.ts';
import type { Fleet } from './fleet.ts';
import type { TestNode } from './test-node.ts';
import type { Topology } from './topology.ts';
import { until } from './until.ts';

/** How long a state of the cluster is waited for, in milliseconds. */
export const PATIENCE_MS = 30_000;

/** Resolves when all running nodes agree, serve every slot between them, and the replicas are in sync. */
export async function untilHealthy(fleet: Fleet): Promise<void> {
  await until('The cluster is healthy', PATIENCE_MS, () => illness(fleet));
}

/** Resolves with the new primary when another node serves what `node` served. */
export async function untilFailedOver(fleet: Fleet, node: TestNode): Promise<TestNode> {
  const [slot] = fleet.topology.lastSlotsOf(node.id);
  if (slot === undefined) throw new ClusterStateError(`${node} was not the primary of any slot`);

  await until(`Another node takes over from ${node}`, PATIENCE_MS, async () => {
    const still = await illness(fleet);
    return still ?? (fleet.primaryOf(slot) === node ? 'it has its slots still' : undefined);
  });
  return fleet.primaryOf(slot);
}

/** What still keeps the running nodes from serving every slot in full agreement; nothing when they do. */
async function illness({ running, topology }: Fleet): Promise<string | undefined> {
  await topology.refresh();
  const disagreement = topology.disagreement();
  if (disagreement !== undefined) return disagreement;

  const complaints = await Promise.all(running.map((node) => complaintOf(node, running, topology)));
  return complaints.find((complaint) => complaint !== undefined);
}

async function complaintOf(
  node: TestNode,
  running: readonly TestNode[],
  topology: Topology,
): Promise<string | undefined> {
  try {
    const [info, replication, slots] = await Promise.all([
      node.admin.cluster('INFO').then(String),
      node.admin.info('replication'),
      node.admin.cluster('SLOTS'),
    ]);
    if (!info.includes('cluster_state:ok')) return `${node} says that the cluster is down`;
    if (replication.includes('role:slave') && !replication.includes('master_link_status:up')) {
      return `${node} is not in sync with its primary`;
    }
    // A server lists a replica for clients only after it heard of its replication offset.
    const listed = new Set(JSON.stringify(slots).match(/[0-9a-f]{40}/g));
    const unlisted = running.find(({ id }) => !listed.has(id) && servesSlots(id, topology));
    return unlisted ? `${node} does not list ${unlisted} for clients` : undefined;
  } catch (error) {
    return `${node}: ${(error as Error).message}`;
  }
}

function servesSlots(id: string, topology: Topology): boolean {
  return topology.slotsOf(topology.line(id)?.primaryId ?? id).length > 0;
}
