import { registerHooks } from 'node:module';

/** One check taken out of the source: in a file of the cache, a text and what is put in its place. */
interface Replacement {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const FILL = 'packages/cache/src/scripts/generated.ts';
/** A hash that no server knows: the text is sent each time. */
const UNKNOWN_HASH = '0'.repeat(40);
const fillHash: Replacement = {
  file: FILL,
  from: "name: 'fill',\n  sha1: '",
  to: `name: 'fill',\n  sha1: '${UNKNOWN_HASH}' + '`,
};

/** Checks without which stale values are served, and the source without them. */
const MUTATIONS = {
  /** A loaded value is stored whatever became of the lease. */
  'fill-compares-no-lease': [
    fillHash,
    { file: FILL, from: 'if found == head then', to: 'if found == head or string.byte(head, 1) == 76 then' },
    { file: 'packages/cache/src/lease-end.ts', from: "bytes, 'IFEQ', head, 'PX'", to: "bytes, 'PX'" },
  ],
  /** A refreshed value is stored whatever became of the stale one. */
  'refresh-compares-no-value': [
    fillHash,
    { file: FILL, from: 'if found == head then', to: 'if found == head or string.byte(head, 1) == 86 then' },
  ],
  /** What may not have been stored is kept in memory. */
  'unknown-is-kept': [
    {
      file: 'packages/cache/src/read-through.ts',
      from: "      // Unknown is not filled: a delete may have come in between, and nobody would tell this process.\n      if (stored.outcome === 'filled' && flight.isClean) local.keep(id, stored.kept, flight.expected);",
      to: "      if (stored.outcome === 'filled' && flight.isClean) local.keep(id, stored.kept, flight.expected);\n      if (stored.outcome === 'unknown' && flight.isClean) local.keep(id, { value: loaded.value, writtenAt: Date.now(), freshUntil: Date.now() + 60_000, staleUntil: Date.now() + 60_000, bytes: 100, askedAt: performance.now() });",
    },
  ],
  /** What was invalidated while it was read is kept in memory. */
  'unclean-is-kept': [
    { file: 'packages/cache/src/flights.ts', from: 'each.flight.isClean = false;', to: '' },
  ],
  /** A set is one step, which can be late. */
  'set-seizes-nothing': [
    {
      file: 'packages/cache/src/writes.ts',
      from: 'await tier.seize(key, token, settings.leaseMs);',
      to: "await this.#at.tier['setAtOnce'](key, entry.bytes, entry.ttlMs); return { outcome: 'stored' };",
    },
    {
      file: 'packages/cache/src/cluster-tier.ts',
      from: "  /** Stores an entry's bytes in the place of the lease with a token. */",
      to: "  async setAtOnce(key: ClusterKey, bytes: Buffer, ttlMs: number) { await this.#client.call('set', [key.text, bytes, 'PX', ttlMs], { ...NOW, safety: 'idempotent' }); }\n",
    },
  ],
} satisfies Record<string, readonly Replacement[]>;

export type MutationName = keyof typeof MUTATIONS;
export const MUTATION_NAMES = Object.keys(MUTATIONS) as MutationName[];

/**
 * Takes a check out of what this thread imports from now on.
 *
 * @throws {Error} when a file is imported that does not have the text: the mutation has to follow the source
 */
export function mutate(name: MutationName): void {
  const replacements: readonly Replacement[] = MUTATIONS[name];
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      const here = replacements.filter(({ file }) => url.endsWith(`/${file}`));
      if (here.length === 0 || loaded.source === undefined || loaded.source === null) return loaded;
      let source =
        typeof loaded.source === 'string'
          ? loaded.source
          : Buffer.from(loaded.source as Uint8Array).toString();
      for (const { file, from, to } of here) {
        if (!source.includes(from)) throw new Error(`Mutation ${name}: ${file} has no '${from}'`);
        source = source.replace(from, () => to);
      }
      return { ...loaded, source };
    },
  });
}
