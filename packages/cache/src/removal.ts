import type { CacheClient } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import { nameOf } from './error-name.ts';
import type { Invalidations } from './invalidations.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { removeSeen } from './remove-seen.ts';
import { tellProblem } from './telling.ts';

/** Removes values that newer ones were to replace and could not. */
export class Removal {
  readonly #client: Pick<CacheClient, 'run'>;
  readonly #invalidations: Invalidations;

  constructor(client: Pick<CacheClient, 'run'>, invalidations: Invalidations) {
    this.#client = client;
    this.#invalidations = invalidations;
  }

  /** Removes the value that begins with a head, here and, by a message, in every memory. */
  async ofOlder(key: ClusterKey, head: Buffer): Promise<void> {
    try {
      if ((await removeSeen(this.#client, key, head)) === 'removed') await this.#invalidations.replaced(key);
    } catch (error) {
      tellProblem({ what: 'not-released', template: key.template, why: nameOf(error) });
      // It may still be there: that is repeated until it is certain.
      await this.#invalidations.delete(key);
    }
  }

  /**
   * The same after a failure to store. A shard that refused does answer, and nobody is to see the older value after the
   * new one; one that does not answer is not waited for.
   */
  async ofOlderAfter(failure: unknown, key: ClusterKey, head: Buffer): Promise<void> {
    const removed = this.ofOlder(key, head);
    if (isOutOfMemory(failure)) await removed;
  }
}
