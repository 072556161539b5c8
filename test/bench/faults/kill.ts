import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import type { TestCluster } from '@keyslot/testkit';
import { ownersOf } from '../../cluster/keys-on.ts';
import { untyped } from './code-of.ts';
import { atLeast, atMost, type Fault, none } from './figure.ts';
import { Traffic } from './traffic.ts';
import { countRefused, listenToRetries, slotsAsked } from './watchers.ts';

const DEADLINE_MS = 250;

/** Kills a primary under traffic of two clients: one whose calls may wait for 10 s, and one with defaults. */
export async function kill(cluster: TestCluster, { callers = 64, beforeMs = 3_000, afterMs = 1_000 } = {}) {
  await using patient = new ClusterClient({ nodes: cluster.addresses, deadline: '10s' });
  await using impatient = new ClusterClient({ nodes: cluster.addresses, deadline: DEADLINE_MS });
  await Promise.all([patient.ready('20s'), impatient.ready('20s')]);
  const waiting = new Traffic(patient, cluster, { callers });
  const hasty = new Traffic(impatient, cluster, { callers });
  await sleep(beforeMs);

  const victim = ownersOf(cluster)[0];
  if (victim === undefined) throw new Error('A test cluster without a primary');
  using connects = countRefused();
  using retries = listenToRetries();
  const askedBefore = await slotsAsked(cluster);
  const killedAt = performance.now();
  await cluster.kill(victim);
  await sleep(1_000);
  const pending = hasty.pendingSince(performance.now() - 1_000);
  await cluster.untilFailedOver(victim);
  const seconds = (performance.now() - killedAt) / 1_000;
  const { refused } = connects.counts;
  const asked = (await slotsAsked(cluster)) - askedBefore;
  await sleep(afterMs);
  const until = performance.now();
  await Promise.all([waiting.stop(), hasty.stop()]);

  const other = (shard: unknown) => shard !== victim;
  // The first second warms up.
  const steadyFrom = killedAt - beforeMs * 0.8;
  const steady = hasty.between(steadyFrom, killedAt, other).answersPerSecond;
  const all = [...waiting.ends, ...hasty.ends].filter(({ endedAt }) => endedAt >= killedAt).length;
  return {
    waitingErrors: waiting.between(0, Number.POSITIVE_INFINITY, () => true).codes,
    hastyErrors: hasty.between(0, Number.POSITIVE_INFINITY, (shard) => shard === victim).codes,
    othersErrors: hasty.between(0, Number.POSITIVE_INFINITY, other).codes,
    longestHastyMs: hasty.between(0, Number.POSITIVE_INFINITY, () => true).longestMs,
    pending,
    outageSeconds: seconds,
    othersThroughput: hasty.weakest(killedAt, until, 1_000, other) / steady,
    othersWhileDown: hasty.between(killedAt, killedAt + seconds * 1_000, other).answersPerSecond / steady,
    noise: hasty.weakest(steadyFrom, killedAt, 1_000, other) / steady,
    refusedPerSecond: refused / seconds / 2,
    refreshesPerSecond: asked / seconds / 2,
    amplification: 1 + retries.messages.length / all,
  };
}

export const killFault: Fault = {
  name: 'kill',
  title: 'SIGKILL of a primary',
  run: async (cluster) => {
    const seen = await kill(cluster);
    return [
      none('errors of calls that may wait 10 s', seen.waitingErrors),
      none('errors without a type, default deadline', untyped(seen.hastyErrors)),
      none('errors of other shards, default deadline', seen.othersErrors),
      atMost('calls pending 1 s after', seen.pending, 0),
      atLeast("healthy shards' throughput while it is down, of before", seen.othersWhileDown, 0.9, '×'),
      atLeast("healthy shards' weakest second, of before", seen.othersThroughput, 0.9, '×'),
      atLeast('weakest second before anything happened, of before: the noise', seen.noise, 0, '×'),
      atMost('refused connects, per client', seen.refusedPerSecond, 10, '/s'),
      atMost('topology questions, per client', seen.refreshesPerSecond, 10, '/s'),
      atMost('retry amplification', seen.amplification, 1.1, '×'),
    ];
  },
};
