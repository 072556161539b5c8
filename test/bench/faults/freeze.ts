import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import type { TestCluster } from '@keyslot/testkit';
import { ownersOf } from '../../cluster/keys-on.ts';
import { untyped } from './code-of.ts';
import { atLeast, atMost, type Fault, none } from './figure.ts';
import { Traffic } from './traffic.ts';

const DEADLINE_MS = 250;

/** Freezes a primary under traffic and lets it go on after a while. */
export async function freeze(
  cluster: TestCluster,
  { callers = 64, beforeMs = 2_000, frozenMs = 1_500, afterMs = 3_500 } = {},
) {
  await using client = new ClusterClient({ nodes: cluster.addresses, deadline: DEADLINE_MS });
  await client.ready('20s');
  const traffic = new Traffic(client, cluster, { callers });
  await sleep(beforeMs);

  const frozen = ownersOf(cluster)[0];
  if (frozen === undefined) throw new Error('A test cluster without a primary');
  const isFrozen = (shard: unknown) => shard === frozen;
  const isOther = (shard: unknown) => shard !== frozen;
  const frozenAt = performance.now();
  await cluster.freeze(frozen);
  await sleep(frozenMs);
  const thawedAt = performance.now();
  await cluster.thaw(frozen);
  await sleep(afterMs);
  const pending = traffic.pendingSince(performance.now() - 1_000);
  await traffic.stop();

  const before = traffic.between(frozenAt - beforeMs / 2, frozenAt, isOther);
  const during = traffic.between(frozenAt, thawedAt, isOther);
  const all = traffic.between(frozenAt, Number.POSITIVE_INFINITY, isFrozen);
  return {
    othersThroughput: during.answersPerSecond / before.answersPerSecond,
    othersP99: during.p99Ms / before.p99Ms,
    othersErrors: during.codes,
    frozenErrors: all.codes,
    longest: all.longestMs / DEADLINE_MS,
    pending,
    backAfterMs: backAfter(traffic, frozenAt, thawedAt, thawedAt + afterMs, isFrozen),
  };
}

/** When traffic was half of what it had been before, in milliseconds after a moment. */
function backAfter(
  traffic: Traffic,
  before: number,
  from: number,
  to: number,
  isMeant: (shard: unknown) => boolean,
): number {
  const half = traffic.between(before - 1_000, before, isMeant).answersPerSecond / 2;
  for (let at = from; at < to; at += 50) {
    if (traffic.between(at, at + 100, isMeant).answersPerSecond >= half) return at + 50 - from;
  }
  return Number.POSITIVE_INFINITY;
}

function freezeFault(name: string, frozenMs: number, requireFullCoverage: boolean): Fault {
  const coverage = requireFullCoverage ? 'yes' : 'no';
  return {
    name,
    title: `SIGSTOP of a primary for ${frozenMs / 1_000} s, cluster-require-full-coverage ${coverage}`,
    requireFullCoverage,
    run: async (cluster) => {
      const seen = await freeze(cluster, { frozenMs });
      return [
        atLeast("other shards' throughput, of before", seen.othersThroughput, 0.9, '×'),
        atMost("other shards' p99, of before", seen.othersP99, 2, '×'),
        // With full coverage required the servers themselves refuse everything between the node timeout and the election.
        requireFullCoverage
          ? none('errors of other shards without a type', untyped(seen.othersErrors))
          : none('errors of other shards', seen.othersErrors),
        none('errors without a type', untyped(seen.frozenErrors)),
        atMost('longest call to it, of its deadline', seen.longest, 2, '×'),
        atMost('calls pending', seen.pending, 0),
        atMost('traffic back after SIGCONT', seen.backAfterMs, 3_000, ' ms'),
      ];
    },
  };
}

/** Shorter and longer than the node timeout, after which a replica takes over. */
export const freezeFaults: readonly Fault[] = [
  freezeFault('freeze', 1_500, false),
  freezeFault('freeze-coverage', 1_500, true),
  freezeFault('freeze-failover', 6_000, false),
  freezeFault('freeze-failover-coverage', 6_000, true),
];
