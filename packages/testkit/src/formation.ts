import { SLOT_COUNT } from '@keyslot/keys';
import type { Fleet } from './fleet.ts';
import type { TestNode } from './test-node.ts';
import { until } from './until.ts';

/** How long the nodes may take to get to know each other, in milliseconds. */
const MEETING_MS = 20_000;

/** Makes a cluster of servers that know nothing of each other: the first ones share the slots, the others follow. */
export async function form(fleet: Fleet): Promise<void> {
  const { nodes } = fleet;
  const { primaries } = fleet.shape;
  const leaders = nodes.slice(0, primaries);
  await Promise.all(nodes.map((node, i) => node.admin.cluster('SET-CONFIG-EPOCH', i + 1)));
  await Promise.all(
    leaders.map((node, i) =>
      node.admin.cluster('ADDSLOTSRANGE', firstSlot(i, primaries), firstSlot(i + 1, primaries) - 1),
    ),
  );
  await join(nodes, fleet);
  await Promise.all(
    nodes.slice(primaries).map((node, i) => follow(node, leaders[i % primaries] as TestNode)),
  );
}

function firstSlot(index: number, primaries: number): number {
  return Math.ceil((index * SLOT_COUNT) / primaries);
}

/** Introduces newcomers, and waits until every running node knows every other. */
export async function join(
  newcomers: readonly TestNode[],
  { running: nodes, topology }: Fleet,
): Promise<void> {
  // Each is introduced to each: by gossip alone they would take seconds to hear of one another.
  const introductions = newcomers.flatMap((newcomer, i) =>
    nodes
      .filter((node) => !newcomers.slice(0, i + 1).includes(node))
      .map((node) => newcomer.admin.cluster('MEET', node.host, node.port)),
  );
  await Promise.all(introductions);
  await until('The nodes know each other', MEETING_MS, async () => {
    await topology.refresh();
    for (const node of nodes) {
      const stranger = nodes.find((other) => !topology.knows(node.id, other.id));
      if (stranger) return `${node} does not know ${stranger}`;
    }
    return undefined;
  });
}

/** Makes a node without slots the replica of a primary that it knows. */
export async function follow(replica: TestNode, primary: TestNode): Promise<void> {
  await replica.admin.cluster('REPLICATE', primary.id);
}
