import type { ClusterClient } from '@keyslot/cluster';
import { type Key, key } from '@keyslot/keys';
import { LIFETIME_MS } from './clearable-keys.ts';

const indexOf = key('conformance:names:{<generation>}').holds<never>();

const PAGE = 100;

/**
 * The names that were written, for a store that can be iterated. Keyslot lists no keys, so this is a set beside the
 * cache, in the cluster: every process sees the names of all. It lies in one slot, costs each set and delete a round
 * trip, and may lose a name that is set and deleted at the same time; a product would do without.
 */
export class NameIndex {
  readonly #client: ClusterClient;
  readonly #index: () => Promise<Key<never>>;

  /** @param generation - of all names; another one begins an empty index. */
  constructor(client: ClusterClient, generation: () => Promise<string>) {
    this.#client = client;
    this.#index = async () => indexOf({ generation: await generation() });
  }

  async add(name: string): Promise<void> {
    const { text } = await this.#index();
    const outcomes = await this.#client.batch([
      ['sadd', text, name],
      ['pexpire', text, LIFETIME_MS],
    ]);
    for (const each of outcomes) if (each.outcome === 'failed') throw each.error;
  }

  async remove(name: string): Promise<void> {
    const { text } = await this.#index();
    await this.#client.call('srem', [text, name]);
  }

  /** Each name once. Those whose entry expired are still among them. */
  async *names(): AsyncGenerator<string, void> {
    const { text } = await this.#index();
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const reply = await this.#client.call('sscan', [text, cursor, 'COUNT', PAGE]);
      const [next, page] = reply as [string, string[]];
      for (const name of page) {
        if (!seen.has(name)) yield name;
        seen.add(name);
      }
      cursor = next;
    } while (cursor !== '0');
  }
}
