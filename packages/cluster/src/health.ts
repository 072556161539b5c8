import type { BreakerState } from './breaker.ts';
import { ShardUnavailableError } from './errors.ts';
import type { Guard } from './guard.ts';
import type { Guards } from './guards.ts';
import { ping } from './ping.ts';
import { codeOf } from './server-error.ts';
import type { ShardTopology, Topology } from './topology.ts';

/** What came of a ping: how long its answer took, or the code of the error. */
export type PingOutcome =
  | { readonly outcome: 'answered'; readonly ms: number }
  | { readonly outcome: 'failed'; readonly code: string };

/** How a shard's primary is, as this client sees it. */
export interface ShardHealth {
  readonly id: string;

  /** The primary's `host:port`, as this process reaches it. */
  readonly address: string;
  readonly breaker: BreakerState;

  /** Calls that were sent and have not ended. */
  readonly inFlight: number;
  readonly connected: boolean;
  readonly ping: PingOutcome;
}

/** How the cluster is, as this client sees it. */
export interface Health {
  /**
   * `up`: every shard answers and every slot is served. `down`: no shard answers, or none is known. `degraded`:
   * anything between.
   */
  readonly status: 'up' | 'degraded' | 'down';
  readonly shards: readonly ShardHealth[];
}

const SLOTS = 16_384;

/** Pings every primary on the connection that calls use, all at once. Takes no longer than `withinMs`; never rejects. */
export async function healthOf({ shards }: Topology, guards: Guards, withinMs: number): Promise<Health> {
  const all = await Promise.all(shards.map((shard) => shardHealth(shard, guards, withinMs)));
  const up = all.filter(({ ping: { outcome }, breaker }) => outcome === 'answered' && breaker === 'closed');
  const answered = all.some(({ ping: { outcome } }) => outcome === 'answered');
  let covered = 0;
  for (const { slots } of shards) for (const [from, to] of slots) covered += to - from + 1;
  const isUp = up.length === all.length && covered === SLOTS;
  return { status: isUp ? 'up' : answered ? 'degraded' : 'down', shards: all };
}

async function shardHealth(
  { id, primary }: ShardTopology,
  guards: Guards,
  withinMs: number,
): Promise<ShardHealth> {
  const pinged = await pingOf(guards.at(primary), withinMs);
  // Looked at after the ping, which may have taken as long as a failover.
  const guard = guards.primaries().find(({ address }) => address === primary);
  return {
    id,
    address: primary,
    breaker: guard?.breaker.state ?? 'closed',
    inFlight: guard?.inFlight ?? 0,
    connected: guard?.node?.status === 'ready',
    ping: pinged,
  };
}

async function pingOf(guard: Guard | undefined, withinMs: number): Promise<PingOutcome> {
  const start = performance.now();
  try {
    if (guard?.node === undefined) throw new ShardUnavailableError('PING', 'no connection');
    await ping(guard.node, withinMs);
    return { outcome: 'answered', ms: performance.now() - start };
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string };
    return { outcome: 'failed', code: code ?? codeOf(message) ?? 'CLUSTER_SHARD_UNAVAILABLE' };
  }
}
