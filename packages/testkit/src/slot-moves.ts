import type { Fleet } from './fleet.ts';
import { PATIENCE_MS } from './health.ts';
import { whole } from './options.ts';
import { moveSlot, type SlotMovePace } from './slot-move.ts';
import type { TestNode } from './test-node.ts';
import { until } from './until.ts';

/** Which slots to move: so many of one node, or exactly these, whoever owns them. */
export type SlotMove = SlotMovePace & { readonly to: TestNode } & (
    | { readonly from: TestNode; readonly count: number }
    | { readonly slots: readonly number[] }
  );

/** Moves slots, several at a time, and resolves when every running node agrees on who owns them. */
export async function moveSlots(fleet: Fleet, move: SlotMove): Promise<{ slots: number; keys: number }> {
  const { topology } = fleet;
  await topology.refresh();
  const wanted = 'slots' in move ? move.slots : slotsToTake(fleet, move.from, move.count);
  const queue = wanted.filter((slot) => fleet.primaryOf(slot) !== move.to);
  const keysPerStep = whole('keysPerStep', move.keysPerStep ?? 100, 1, 10_000);
  const lanes = whole('slotsAtOnce', move.slotsAtOnce ?? 4, 1, 64);
  const total = queue.length;
  let moved = 0;
  let keys = 0;

  const lane = async () => {
    for (let slot = queue.shift(); slot !== undefined; slot = queue.shift()) {
      const from = fleet.primaryOf(slot);
      keys += await moveSlot({ slot, from, to: move.to, primaries: fleet.primaries, keysPerStep });
      moved += 1;
      move.onProgress?.({ slot, moved, total, keys });
    }
  };
  // All lanes come to an end before a failure is told: nothing moves any more when the caller tries again.
  const ends = await Promise.allSettled(
    Array.from({ length: lanes }, async () => {
      try {
        await lane();
      } finally {
        queue.length = 0;
      }
    }),
  );
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure) throw failure.reason;

  await until(`${move.to} owns the slots`, PATIENCE_MS, async () => {
    await topology.refresh();
    // By id: for a moment a node may know of no owner.
    const missing = wanted.find((slot) => topology.ownerOf(slot) !== move.to.id);
    return missing === undefined ? topology.disagreement() : `slot ${missing} is elsewhere`;
  });
  return { slots: moved, keys };
}

function slotsToTake({ topology }: Fleet, from: TestNode, count: number): number[] {
  const owned = topology.slotsOf(from.id);
  return owned.slice(0, whole('count', count, 0, owned.length));
}
