import type { Database, Place } from './database.ts';

/** How long every library is told to keep what it stores. */
export const TTL_MS = 600_000;

/** What a library has to work with. */
export interface Opening {
  /** Nodes of the cluster to begin with. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];

  /** Where values come from. */
  readonly database: Database;

  /** Hears of errors that the library reports beside its answers. */
  readonly complain: (error: unknown) => void;
}

/** What a library answers; some say `null` or `undefined` where others throw. */
export type Answer = Place | null | undefined;

/** A library at work on the cluster, its local tier off. */
export interface OpenPeer extends AsyncDisposable {
  /** Its getOrSet-like call for one id, with all that a service would have prepared beforehand. */
  read(id: string): () => Promise<Answer>;

  /** Its best way to read these ids, whose answers are in their order. */
  readMany(ids: readonly string[]): () => Promise<readonly Answer[]>;
}

/** A library that a service could cache with. */
export interface Peer {
  readonly name: string;

  /** The package whose version is shown. */
  readonly package: string;

  /** The calls that are measured, for the table. */
  readonly calls: { readonly read: string; readonly many: string };

  readonly open: (opening: Opening) => Promise<OpenPeer>;
}

/** A batch for libraries that have none: all single reads at once. */
export function allAtOnce(open: Pick<OpenPeer, 'read'>, ids: readonly string[]): () => Promise<Answer[]> {
  const reads = ids.map((id) => open.read(id));
  return () => Promise.all(reads.map((read) => read()));
}
