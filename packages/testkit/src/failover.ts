import { ClusterStateError } from './errors.ts';
import type { Fleet } from './fleet.ts';
import { PATIENCE_MS } from './health.ts';
import type { TestNode } from './test-node.ts';
import { until } from './until.ts';

/** The server gives a handover up by itself after five seconds, without a word. */
const ASK_AGAIN_MS = 6000;

/** Hands a shard over to a replica, and resolves with it when every running node agrees. */
export async function failover(fleet: Fleet, node: TestNode): Promise<TestNode> {
  const heir =
    node.role === 'replica' ? node : fleet.replicasOf(node).find(({ state }) => state === 'running');
  if (heir === undefined) throw new ClusterStateError(`${node} has no running replica to hand over to`);

  const primaryId = fleet.topology.line(heir.id)?.primaryId;
  const isPrimaryUp = fleet.running.some(({ id }) => id === primaryId);
  let asked = Number.NEGATIVE_INFINITY;

  await until(`${heir} takes over`, PATIENCE_MS, async () => {
    await fleet.topology.refresh();
    if (heir.role === 'primary') return fleet.topology.disagreement();
    // Asked before it follows closely, it would wait in vain for the rest and give up.
    if (isPrimaryUp && !(await isInSync(heir))) return 'it is not in sync with its primary';
    if (performance.now() - asked > ASK_AGAIN_MS) {
      asked = performance.now();
      // A primary that is down cannot hand over: then the replica asks the other primaries for their votes alone.
      await heir.admin.call('CLUSTER', 'FAILOVER', ...(isPrimaryUp ? [] : ['FORCE']));
    }
    return 'it is still a replica';
  });
  return heir;
}

async function isInSync(replica: TestNode): Promise<boolean> {
  return (await replica.admin.info('replication')).includes('master_link_status:up');
}
