import { SLOT_COUNT } from '@keyslot/keys';
import type { Redis } from 'ioredis';
import type { NodeState } from './driver.ts';
import { type NodeLine, parseNodeLines } from './node-line.ts';

export type { NodeRole } from './node-line.ts';

/** How old the picture may be while nobody asks for a newer one, in milliseconds. */
const EVERY_MS = 100;

/** What is asked, and how. */
interface Peer {
  readonly id: string;
  readonly state: NodeState;
  readonly admin: Redis;
  toString(): string;
}

/**
 * Who serves what, kept current by asking every running node a few times a second, so that questions like
 * `primaryOf` are answered at once, also in the middle of a failover.
 *
 * What a running node says of itself counts most. Of a dead or frozen one, the view with the newest epoch does:
 * an old primary that comes back claims its slots for a moment, with an older epoch than its heir.
 */
export class Topology {
  readonly #nodes: () => readonly Peer[];
  readonly #views = new Map<string, readonly NodeLine[]>();
  readonly #asking = new Map<string, Promise<void>>();
  readonly #lastSlots = new Map<string, readonly number[]>();
  #lines = new Map<string, NodeLine>();
  #timer: NodeJS.Timeout | undefined;

  constructor(nodes: () => readonly Peer[]) {
    this.#nodes = nodes;
  }

  watch(): void {
    this.#timer = setInterval(() => void this.refresh(), EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Asks every running node now. A node that does not answer has no view until it does. */
  async refresh(): Promise<void> {
    await Promise.all(this.#nodes().map((node) => this.#askOnce(node)));
    this.#lines = this.#merge();
  }

  line(id: string): NodeLine | undefined {
    return this.#lines.get(id);
  }

  /** Whether one node sees another and holds it to be well. */
  knows(id: string, other: string): boolean {
    const line = this.#views.get(id)?.find((seen) => seen.id === other);
    return line !== undefined && !line.isDoubtful;
  }

  /** The id of the primary that owns a slot, by the newest claim. */
  ownerOf(slot: number): string | undefined {
    let owner: NodeLine | undefined;
    for (const line of this.#lines.values()) {
      if (
        line.slots.some(([from, to]) => from <= slot && slot <= to) &&
        (!owner || line.epoch > owner.epoch)
      ) {
        owner = line;
      }
    }
    return owner?.id;
  }

  slotsOf(id: string): number[] {
    const ranges = this.#lines.get(id)?.slots ?? [];
    return ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
  }

  /** The slots a node owned when it last owned any. */
  lastSlotsOf(id: string): readonly number[] {
    return this.#lastSlots.get(id) ?? [];
  }

  /** Notes what a node owns, before something is done to it that may take it away. */
  remember(id: string): void {
    const slots = this.slotsOf(id);
    if (slots.length > 0) this.#lastSlots.set(id, slots);
  }

  /** What the running nodes do not agree on yet, or which slot nobody who runs serves. */
  disagreement(): string | undefined {
    const running = this.#nodes().filter(({ state }) => state === 'running');
    let first: string | undefined;

    for (const node of running) {
      const view = this.#views.get(node.id);
      if (view === undefined) return `${node.toString()} does not answer`;
      const known = new Map(view.map((line) => [line.id, line]));
      for (const other of running) {
        const line = known.get(other.id);
        if (line === undefined || line.isDoubtful)
          return `${node.toString()} does not see ${other.toString()}`;
      }
      const picture = pictureOf(view);
      first ??= picture;
      if (picture !== first) return `${node.toString()} has another map of the cluster`;
    }
    return this.#uncovered(running);
  }

  #uncovered(running: readonly Peer[]): string | undefined {
    let covered = 0;
    for (const { id } of running) covered += this.slotsOf(id).length;
    return covered === SLOT_COUNT ? undefined : `${covered} of ${SLOT_COUNT} slots are served`;
  }

  /** One question at a time for each node: a frozen one would collect them. */
  #askOnce(node: Peer): Promise<void> {
    const before = this.#asking.get(node.id);
    if (before !== undefined) return before;

    const asking = this.#ask(node).finally(() => this.#asking.delete(node.id));
    this.#asking.set(node.id, asking);
    return asking;
  }

  async #ask(node: Peer): Promise<void> {
    try {
      if (node.state !== 'running') this.#views.delete(node.id);
      else this.#views.set(node.id, parseNodeLines(String(await node.admin.cluster('NODES'))));
    } catch {
      this.#views.delete(node.id); // Killed or restarting; `disagreement` reports it as not answering.
    }
  }

  #merge(): Map<string, NodeLine> {
    const merged = new Map<string, NodeLine>();
    for (const [reporter, view] of this.#views) {
      for (const line of view) {
        const before = merged.get(line.id);
        const isBetter = !before || line.id === reporter || (!before.isMyself && line.epoch > before.epoch);
        if (isBetter) merged.set(line.id, line);
      }
    }
    return merged;
  }
}

/** A view as text: equal texts are equal maps. */
function pictureOf(view: readonly NodeLine[]): string {
  return view
    .map(({ id, role, primaryId, slots }) => `${id} ${role} ${primaryId ?? '-'} ${slots.join(' ')}`)
    .toSorted()
    .join('\n');
}
