import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterNotReadyError, type TestCluster } from '@keyslot/testkit';

/**
 * What is done to a cluster meanwhile:
 *
 * - `connections`: those of a node are cut
 * - `primaries`: one is killed, its replica takes over, and it comes back
 * - `slots`: some move from one primary to another
 */
export type Disturbance = 'connections' | 'primaries' | 'slots';

interface Disturbing {
  readonly signal: AbortSignal;
  readonly onDisturbed: (what: string) => void;
}

/** Slots that move at a time. */
const SLOTS = 300;

/**
 * Disturbs a cluster in each of the ways, over and over, until the signal, or until it does not become whole again.
 *
 * @returns why it did not
 */
export async function disturb(
  cluster: TestCluster,
  disturbances: readonly Disturbance[],
  { signal, onDisturbed }: Disturbing,
): Promise<string | undefined> {
  const calmly = async () => {
    // Connections of a primary that is being replaced are cut anyway.
    const others = disturbances.filter((each) => each !== 'connections');
    // Where it begins differs, so that a short race is disturbed in another way the next time.
    const first = Math.floor(Math.random() * 6);
    for (let turn = first; others.length > 0 && !signal.aborted; turn++) {
      if (others[turn % others.length] === 'primaries') await replacePrimary(cluster, turn, onDisturbed);
      else await moveSlots(cluster, turn, onDisturbed);
      await pause(2_000, signal);
    }
    return undefined;
  };
  const restlessly = async () => {
    for (let turn = 0; disturbances.includes('connections') && !signal.aborted; turn++) {
      await pause(300 + Math.random() * 1_500, signal);
      if (!signal.aborted) await cutConnections(cluster, turn, onDisturbed);
    }
  };
  const untilBroken = calmly().catch((error: unknown) => {
    if (!(error instanceof ClusterNotReadyError)) throw error;
    onDisturbed(error.message);
    return error.message;
  });
  const [why] = await Promise.all([untilBroken, restlessly()]);
  return why;
}

/** Those that carry commands, or those that carry messages. */
async function cutConnections(cluster: TestCluster, turn: number, onDisturbed: Disturbing['onDisturbed']) {
  const { nodes } = cluster;
  const node = nodes[turn % nodes.length];
  if (node === undefined || node.state !== 'running') return;
  const type = turn % 3 === 2 ? 'pubsub' : 'normal';
  onDisturbed(`${type} connections of ${node.toString()} are cut`);
  await node.admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes').catch(() => {
    // It was killed meanwhile, and its connections with it.
  });
}

async function replacePrimary(cluster: TestCluster, turn: number, onDisturbed: Disturbing['onDisturbed']) {
  const { primaries } = cluster;
  const victim = primaries[turn % primaries.length];
  if (victim === undefined) return;
  onDisturbed(`${victim.toString()} is killed`);
  await cluster.kill(victim);
  const heir = await cluster.untilFailedOver(victim);
  onDisturbed(`${heir.toString()} takes over`);
  await sleep(500);
  await cluster.restart(victim);
  await cluster.untilHealthy();
  onDisturbed(`${victim.toString()} is back`);
}

async function moveSlots(cluster: TestCluster, turn: number, onDisturbed: Disturbing['onDisturbed']) {
  const { primaries } = cluster;
  const [from, to] = [primaries[turn % primaries.length], primaries[(turn + 1) % primaries.length]];
  if (from === undefined || to === undefined) return;
  onDisturbed(`${SLOTS} slots move from ${from.toString()} to ${to.toString()}`);
  await cluster.moveSlots({ from, to, count: SLOTS });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => {
    // The signal: it is over.
  });
}
