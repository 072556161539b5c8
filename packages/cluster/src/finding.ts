/** What a self-check can find. What each means is in docs/reference/findings.md. */
export type FindingCode =
  | 'TOPOLOGY_UNKNOWN'
  | 'NODE_UNREACHABLE'
  | 'VERSION_TOO_OLD'
  | 'VERSIONS_DIFFER'
  | 'FULL_COVERAGE_REQUIRED'
  | 'MEMORY_UNLIMITED'
  | 'EVICTION_OFF'
  | 'NO_REPLICA'
  | 'COMMAND_DENIED'
  | 'CONFIG_UNREADABLE'
  | 'CLOCK_OFFSET'
  | 'CLUSTER_DOWN'
  | 'SLOTS_UNCOVERED';

/**
 * How much it matters. `error`: something does not work now. `warning`: it works, and will hurt silently one day.
 * `info`: worth knowing.
 */
export type Severity = 'info' | 'warning' | 'error';

/** Something about the cluster that its users should know. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;

  /** The shard's id; `undefined` for what concerns the whole cluster. */
  readonly shard: string | undefined;

  /** What was found, and what it leads to. */
  readonly message: string;

  /** What to do about it. */
  readonly remedy: string;
}

/** Told once, when a client has checked its cluster by itself. */
export interface FindingsTold {
  /** The `ClusterClient` that has checked: compare it with yours. */
  readonly client: object;
  readonly findings: readonly Finding[];
}
