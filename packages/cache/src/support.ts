import type { Clock } from '@keyslot/kernel';
import type { CacheClient } from './cache-client.ts';

/** For how long a primary that refused is not tried again, in milliseconds. It may be upgraded under the same id. */
export const REFUSED_MS = 5 * 60_000;

/** More primaries than any cluster has. Beyond them it is nodes long gone that are remembered. */
const MOST_KNOWN = 1_000;

/** A primary at which a form of a command may be used. */
export interface Candidate {
  readonly id: string;

  /** `false`: it is to be tried, by this caller alone. */
  readonly understands: boolean;
}

/**
 * Which primaries understand a form of a command that only newer servers have, as far as is known.
 *
 * It is found out by using it: a server that does not know an option executes nothing, and says so. Asking
 * beforehand would need permissions that a cache's user need not have. What is known
 * is known of a node, not of the cluster, which runs two versions for as long as it is upgraded.
 */
export class Support {
  readonly #client: Pick<CacheClient, 'slotOwner'>;
  readonly #clock: Clock;

  /** By the id of the primary: it understands, or when it may be tried next. */
  readonly #known = new Map<string, 'understands' | number>();

  constructor(client: Pick<CacheClient, 'slotOwner'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /**
   * The primary of a slot if it understands or is to be tried now. While one caller tries, others are told
   * `undefined`, until the answer was {@link learn}ed.
   */
  at(slot: number): Candidate | undefined {
    const id = this.#client.slotOwner(slot)?.id;
    if (id === undefined) return undefined;
    const known = this.#known.get(id);
    if (known === 'understands') return { id, understands: true };
    const now = this.#clock.monotonic();
    if (known !== undefined && now < known) return undefined;
    this.#learn(id, now + REFUSED_MS);
    return { id, understands: false };
  }

  /** What came of using it at a primary. `unheard`: nothing that tells, so the next caller tries. */
  learn(id: string, what: 'understood' | 'refused' | 'unheard'): void {
    if (what === 'understood') this.#learn(id, 'understands');
    else if (what === 'refused') this.#learn(id, this.#clock.monotonic() + REFUSED_MS);
    else if (this.#known.get(id) !== 'understands') this.#known.delete(id);
  }

  #learn(id: string, what: 'understands' | number): void {
    if (this.#known.size >= MOST_KNOWN && !this.#known.has(id)) this.#known.clear();
    this.#known.set(id, what);
  }
}
