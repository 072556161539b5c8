import { slotOf } from '@keyslot/keys';
import { type CacheClient, NOW } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import { replyOrNameOf } from './error-name.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { tellProblem } from './telling.ts';
import { tagOf } from './wake-channel.ts';

/**
 * Who loads a stale value anew. `failed`: somebody did a short while ago, and there is nothing new. `unknown`: nobody may
 * be about to.
 */
export type Election = 'elected' | 'somebody-else' | 'failed' | 'unknown';

/** What a claim holds. */
const LOADING = '1';
const FAILED = '0';

/**
 * Settles who in the fleet loads a stale value anew, by a key beside the entry. Economy: it is never asked whether
 * something may be stored.
 */
export class Claims {
  readonly #client: CacheClient;
  readonly #onOutOfMemory: (slot: number) => void;

  /** @param onOutOfMemory - told the slot of a claim that was refused for want of memory */
  constructor(client: CacheClient, onOutOfMemory: (slot: number) => void) {
    this.#client = client;
    this.#onOutOfMemory = onOutOfMemory;
  }

  /** Claims the load for some time, unless somebody else has. Never rejects. */
  async elect(claim: ClusterKey, forMs: number): Promise<Election> {
    try {
      const there = await this.#client.call('set', [claim.text, LOADING, 'NX', 'GET', 'PX', forMs], NOW);
      if (there === null) return 'elected';
      return there === FAILED ? 'failed' : 'somebody-else';
    } catch (error) {
      if (isOutOfMemory(error)) this.#onOutOfMemory(claim.slot);
      tellProblem({ what: 'not-elected', template: claim.template, why: replyOrNameOf(error) });
      return 'unknown';
    }
  }

  /** Says once more who loads, for longer. */
  renew(claim: ClusterKey, forMs: number): Promise<void> {
    return this.#change(claim, () => this.#client.call('pexpire', [claim.text, forMs], NOW));
  }

  /** The load is over, and the next one may begin. */
  end(claim: ClusterKey): Promise<void> {
    return this.#change(claim, () => this.#client.delete(claim, NOW));
  }

  /** The load brought nothing new, and nobody is to try again for a while. */
  fail(claim: ClusterKey, forMs: number): Promise<void> {
    return this.#change(claim, () => this.#client.call('set', [claim.text, FAILED, 'PX', forMs], NOW));
  }

  /** What goes wrong is told. It expires by itself: until then nobody else loads, or somebody does too early. */
  async #change({ template }: ClusterKey, change: () => Promise<unknown>): Promise<void> {
    try {
      await change();
    } catch (error) {
      tellProblem({ what: 'not-released', template, why: replyOrNameOf(error) });
    }
  }
}

/** No template renders this character, so that no key of anybody's is taken for a claim. */
const CLAIM = '\0r';

/**
 * The key by which a refresh is claimed: behind that of the entry, so that whoever may touch that may touch this, and
 * in its slot. None for a text that leaves no way to it; then each process refreshes for itself.
 */
export function claimOf({ text, template, slot }: ClusterKey): ClusterKey | undefined {
  for (const candidate of [text + CLAIM, `${text}${CLAIM}{${tagOf(slot)}}`])
    if (slotOf(candidate) === slot) return { text: candidate, template, slot };
  return undefined;
}
