import type { AnyKey, Key } from '@keyslot/keys';
import { answerOf } from './answer.ts';
import type { EntryOptions } from './freshness.ts';
import type { DeleteResult, GetOutcome, LoadOutcome, SetResult } from './outcomes.ts';
import type { ReadThrough } from './read-through.ts';
import type { ReadOptions } from './request.ts';
import type { Stations } from './stations.ts';
import { type BatchLoader, Together } from './together.ts';
import type { Writes } from './writes.ts';

/**
 * Many keys at once. Each goes its own way, and all of them in one tick: the client sends what goes to one shard in one
 * write, so a shard that is away costs its own keys and nobody else's. A key that comes twice is asked for once.
 */
export class Batches {
  readonly #at: Stations;
  readonly #reads: ReadThrough;
  readonly #writes: Writes;

  constructor(stations: Stations, reads: ReadThrough, writes: Writes) {
    this.#at = stations;
    this.#reads = reads;
    this.#writes = writes;
  }

  get<Value>(keys: readonly Key<Value>[], options?: EntryOptions): Promise<GetOutcome<Value>[]> {
    return this.#each(keys, (key, id) => this.#get(key, id, options));
  }

  async set<Value>(
    entries: readonly (readonly [Key<Value>, Value])[],
    options?: EntryOptions,
  ): Promise<SetResult[]> {
    const { namespace, settings, invalidations } = this.#at;
    // Of a key that comes twice the last value stands, as if they had been set one after the other.
    const values = new Map(entries.map(([key, value]) => [namespace.localId(key), value]));
    const results = await this.#each(
      entries.map(([key]) => key),
      async (key, id): Promise<SetResult> => {
        const policy = settings.policies.of(key.template, options);
        try {
          return await this.#writes.setUntold(namespace.inCluster(key), values.get(id), policy);
        } catch (error) {
          // A value that cannot be stored costs its own key.
          return { outcome: 'failed', error };
        }
      },
    );
    const told = new Map(entries.map(([key]) => [namespace.localId(key), namespace.inCluster(key)]));
    entries.forEach(([key], i) => {
      if (results[i]?.outcome === 'skipped') told.delete(namespace.localId(key));
    });
    if (told.size > 0) await invalidations.replaced(...told.values());
    return results;
  }

  async delete(keys: readonly AnyKey[]): Promise<DeleteResult[]> {
    const { namespace, invalidations } = this.#at;
    const distinct = new Map(keys.map((key) => [namespace.localId(key), namespace.inCluster(key)]));
    const results = await invalidations.deleteMany([...distinct.values()]);
    const byId = new Map([...distinct.keys()].map((id, i) => [id, results[i] as DeleteResult]));
    return keys.map((key) => byId.get(namespace.localId(key)) as DeleteResult);
  }

  getOrSet<Value>(
    keys: readonly Key<Value>[],
    loadMissing: BatchLoader<Value>,
    options?: ReadOptions,
  ): Promise<LoadOutcome<Value>[]> {
    const distinct = new Map(keys.map((key) => [this.#at.namespace.localId(key), key]));
    const [template = ''] = keys.map((key) => key.template);
    // The batch ends when the last of its keys would have.
    const templates = new Set(keys.map((key) => key.template));
    const limits = [...templates].map((each) => this.#at.settings.policies.of(each, options).hardTimeoutMs);
    const { loads, namespace } = this.#at;
    const together = new Together([...distinct.values()], loadMissing, (missing, load) => {
      const texts = new Set(missing.map((key) => namespace.inCluster(key).text));
      return loads.together(template, Math.max(...limits), texts, load);
    });
    return this.#each(keys, async (key, id) => {
      // The very object that the batch knows.
      const known = distinct.get(id) ?? key;
      try {
        const cycle = loads.cycleOf(key, namespace);
        if (cycle !== undefined) throw cycle;
        const kept = this.#reads.local(key, id, options);
        if (kept !== undefined) return answered(answerOf<Value>(kept, 'local', this.#at.clock.now()));
        return answered(
          await this.#reads.read(known, id, together.loaderOf(known), options, together.partOf(known)),
        );
      } catch (error) {
        return { outcome: 'failed', error };
      } finally {
        together.decided(known);
      }
    });
  }

  async #get<Value>(key: Key<Value>, id: string, options?: EntryOptions): Promise<GetOutcome<Value>> {
    const { tier, invalidations, namespace, settings, clock } = this.#at;
    const kept = this.#reads.local(key, id, options);
    if (kept !== undefined) return { outcome: 'hit', ...answerOf<Value>(kept, 'local', clock.now()) };
    if (invalidations.isDoubtful(id)) return { outcome: 'miss' };
    const { expected } = settings.policies.of(key.template, options);
    const found = await tier.read(namespace.inCluster(key), expected, 'look');
    if (found.kind === 'away') return { outcome: 'failed', error: found.error };
    const now = clock.now();
    // Once more: the key's owner may have changed while it was asked.
    if (found.kind !== 'value' || now >= found.freshUntil || invalidations.isDoubtful(id)) {
      return { outcome: 'miss' };
    }
    return { outcome: 'hit', ...answerOf<Value>(found, 'cluster', now) };
  }

  /** Does something once for each key, at the same time, and answers in the order of the keys. */
  #each<Each extends AnyKey, Outcome>(
    keys: readonly Each[],
    work: (key: Each, id: string) => Promise<Outcome>,
  ): Promise<Outcome[]> {
    const underWay = new Map<string, Promise<Outcome>>();
    return Promise.all(
      keys.map((key) => {
        const id = this.#at.namespace.localId(key);
        const known = underWay.get(id);
        if (known !== undefined) return known;
        const outcome = work(key, id);
        underWay.set(id, outcome);
        return outcome;
      }),
    );
  }
}

function answered<Answer extends object>(answer: Answer): Answer & { readonly outcome: 'answered' } {
  return { outcome: 'answered', ...answer };
}
