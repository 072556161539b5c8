import { ClusterStateError } from './errors.ts';
import type { TestNode } from './test-node.ts';

/** How far a move of slots has come. */
export interface SlotMoveProgress {
  /** The slot that has just changed hands. */
  readonly slot: number;

  /** Slots moved so far, this one included. */
  readonly moved: number;

  /** Slots to move in all. */
  readonly total: number;

  /** Keys moved so far. */
  readonly keys: number;
}

/** How slots are moved, whichever they are. */
export interface SlotMovePace {
  /**
   * How many keys one MIGRATE takes along. Both servers answer nobody else while it runs.
   *
   * @default 100
   */
  readonly keysPerStep?: number;

  /**
   * How many slots are on their way at the same time. While a slot is, commands with several keys in it fail
   * with TRYAGAIN when some of them have arrived and others have not.
   *
   * @default 4
   */
  readonly slotsAtOnce?: number;

  /** Called after each slot. An exception ends the move there; calling again goes on. */
  readonly onProgress?: (progress: SlotMoveProgress) => void;
}

/** One slot to move: from whom, and which primaries have to hear of it. */
interface Route {
  readonly slot: number;
  readonly from: TestNode;
  readonly to: TestNode;
  readonly primaries: readonly TestNode[];
  readonly keysPerStep: number;
}

/** How long one MIGRATE may take, in milliseconds. */
const MIGRATE_MS = 5000;

/**
 * Moves one slot with its keys while clients use it, as `redis-cli --cluster reshard` does.
 *
 * Every step may be done again: a move that was interrupted goes on where it stopped. Keys are bytes.
 *
 * @returns how many keys went along
 */
export async function moveSlot({ slot, from, to, primaries, keysPerStep }: Route): Promise<number> {
  await to.admin.cluster('SETSLOT', slot, 'IMPORTING', from.id);
  await from.admin.cluster('SETSLOT', slot, 'MIGRATING', to.id);

  let keys = 0;
  for (let attempt = 0; ; attempt++) {
    keys += await drain(slot, from, to, keysPerStep);
    try {
      // The new owner first: the other way round nobody would own the slot for a moment.
      await to.admin.cluster('SETSLOT', slot, 'NODE', to.id);
      await from.admin.cluster('SETSLOT', slot, 'NODE', to.id);
      break;
    } catch (error) {
      // A key arrived after the last look: a client that took the redirection for a detour.
      if (attempt === 20 || !/still hold keys/i.test((error as Error).message)) throw error;
    }
  }
  // Not needed for the move: they would hear of it by gossip, a little later.
  const others = primaries.filter((node) => node !== from && node !== to);
  await Promise.all(others.map((node) => node.admin.cluster('SETSLOT', slot, 'NODE', to.id)));
  return keys;
}

async function drain(slot: number, from: TestNode, to: TestNode, keysPerStep: number): Promise<number> {
  let moved = 0;
  for (;;) {
    const keys = (await from.admin.callBuffer('CLUSTER', 'GETKEYSINSLOT', slot, keysPerStep)) as Buffer[];
    if (keys.length === 0) return moved;

    // REPLACE: as long as the old owner holds a key it alone serves it, so a copy over there is one that an
    // interrupted move left behind.
    const where = [to.host, to.port, '', 0, MIGRATE_MS, 'REPLACE', 'KEYS'];
    const reply = String(await from.admin.call('MIGRATE', ...where, ...keys));
    if (reply !== 'OK' && reply !== 'NOKEY') {
      throw new ClusterStateError(`MIGRATE of slot ${slot} from ${from} to ${to} answered ${reply}`);
    }
    moved += keys.length;
  }
}
