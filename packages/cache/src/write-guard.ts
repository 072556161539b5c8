import type { ShardMemory } from '@keyslot/cluster';
import type { Clock } from '@keyslot/kernel';
import type { WriteGuardSettings } from './guard-options.ts';

/** A value that is about to be stored. */
export interface Write {
  readonly slot: number;

  /** How large the entry is, as it is sent. The server needs some more for the key. */
  readonly bytes: number;

  /** How long the key is to live, the time after its value stopped being fresh included. */
  readonly ttlMs: number;
}

/**
 * Why a value was not stored.
 *
 * - `out-of-memory`: the shard refused a write for want of memory, this one or one a short while ago
 * - `full`: the shard evicts nothing, and has no more than its last room
 * - `too-large`: there is room for smaller values only
 */
export type SkipReason = 'out-of-memory' | 'full' | 'too-large';

/** What is to become of a write. `ratio` is how full the shard is, as far as is known. */
export type Decision =
  | { readonly kind: 'store'; readonly ttlMs: number }
  | { readonly kind: 'shorten'; readonly ttlMs: number; readonly ratio: number }
  | { readonly kind: 'skip'; readonly why: SkipReason; readonly ratio: number };

/** What the guard needs of a client. */
export interface MemorySource {
  readonly memory$: { subscribe(): { unsubscribe(): void } };
  memoryOf(slot: number): ShardMemory | undefined;
  slotOwner(slot: number): { readonly id: string } | undefined;
}

/**
 * From here on a shard that evicts nothing is sent no value, however small, and no lease: its last room is for what
 * cannot wait, the buffers of its connections and of its replicas. A lease for a value that will not be stored would
 * have the fleet load one after the other, each for itself.
 */
const FULL = 0.98;

/** What is left of a value's time just below `shed`: its key is loaded four times as often, which a database bears. */
const LEAST_PART = 0.25;

/** No shorter than this, in milliseconds: below a second a value costs more writes than it saves loads. */
const LEAST_MS = 1_000;

/** A reading that is older tells nothing, in milliseconds: so many seconds are enough to expire or load a lot. */
const BELIEVED_MS = 10_000;

/**
 * Decides what is stored in a shard whose memory runs out, from what its primary said within the last second; it asks
 * nobody.
 *
 * ```
 *   ratio       0 ──────── threshold ─────────────── shed ────────────── 0.98 ───────── 1 ──▶
 *   evicts        store     shorten, if not large     shorten, if small
 *   noeviction    store     shorten, if not large     shorten, if small   skip, no lease
 * ```
 *
 * A shard that evicts goes on to take small values: to be full is its usual state, and what it gives up for them is
 * what nobody has asked for. Deletes, releases and renewals never come by here: they need no memory.
 */
export class WriteGuard {
  readonly #client: MemorySource;
  readonly #settings: WriteGuardSettings;
  readonly #clock: Pick<Clock, 'monotonic'>;

  /** Until when shards that refused a write are left alone. */
  readonly #refused = new Map<string, number>();
  readonly #interest: { unsubscribe(): void };

  constructor(client: MemorySource, settings: WriteGuardSettings, clock: Pick<Clock, 'monotonic'>) {
    this.#client = client;
    this.#settings = settings;
    this.#clock = clock;
    // So that what is known is up to date for a write that comes after a long silence.
    this.#interest = client.memory$.subscribe();
  }

  decide({ slot, bytes, ttlMs }: Write): Decision {
    const memory = this.#client.memoryOf(slot);
    if (this.#hasRefused(slot)) return { kind: 'skip', why: 'out-of-memory', ratio: memory?.ratio ?? 1 };
    if (memory === undefined || memory.ageMs > BELIEVED_MS) return { kind: 'store', ttlMs };

    const { ratio, policy } = memory;
    const { threshold, shed, largeBytes, smallBytes } = this.#settings;
    if (ratio < threshold) return { kind: 'store', ttlMs };
    if (isFull(policy, ratio)) return { kind: 'skip', why: 'full', ratio };
    if (bytes > (ratio < shed ? largeBytes : smallBytes)) return { kind: 'skip', why: 'too-large', ratio };
    return { kind: 'shorten', ttlMs: this.#shorter(ttlMs, ratio), ratio };
  }

  /**
   * Whether the shard takes a lease. If not, the caller loads without one: its process still loads once at a time,
   * the fleet does not.
   */
  mayLead(slot: number): boolean {
    if (this.#hasRefused(slot)) return false;
    const memory = this.#client.memoryOf(slot);
    if (memory === undefined || memory.ageMs > BELIEVED_MS) return true;
    return memory.ratio < this.#settings.threshold || !isFull(memory.policy, memory.ratio);
  }

  /** The slot's shard has refused a write for want of memory: it is left alone for a while. */
  learnOom(slot: number): void {
    this.#refused.set(this.#shardOf(slot), this.#clock.monotonic() + this.#settings.oomForMs);
  }

  /** Ends its interest in the memory of the shards. */
  close(): void {
    this.#interest.unsubscribe();
  }

  #hasRefused(slot: number): boolean {
    if (this.#refused.size === 0) return false;
    const shard = this.#shardOf(slot);
    const until = this.#refused.get(shard);
    if (until === undefined) return false;
    if (until > this.#clock.monotonic()) return true;
    this.#refused.delete(shard);
    return false;
  }

  /** While nobody has said who owns the slot, it stands for itself. */
  #shardOf(slot: number): string {
    return this.#client.slotOwner(slot)?.id ?? `slot ${slot}`;
  }

  /** All of it at the threshold, {@link LEAST_PART} from `shed` on. */
  #shorter(ttlMs: number, ratio: number): number {
    const { threshold, shed } = this.#settings;
    const way = shed > threshold ? Math.min(1, (ratio - threshold) / (shed - threshold)) : 1;
    const shorter = Math.round(ttlMs * (1 - (1 - LEAST_PART) * way));
    return Math.max(shorter, Math.min(ttlMs, LEAST_MS));
  }
}

function isFull(policy: string, ratio: number): boolean {
  return policy === 'noeviction' && ratio >= FULL;
}
