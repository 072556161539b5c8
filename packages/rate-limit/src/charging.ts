import type { CallOptions } from '@keyslot/cluster';
import type { Decision } from './decision.ts';
import type { Limit } from './limit.ts';
import { argumentFor, type Plan } from './plan.ts';
import type { RateLimitClient } from './rate-limit-client.ts';
import { block, blockLog, charge, gcra, log, look, lookAtLog } from './scripts/index.ts';
import type { SubjectKeys } from './subject-keys.ts';

/** Charges all limits, or none. */
export function consume(
  client: RateLimitClient,
  plan: Plan,
  keys: SubjectKeys,
  cost: number,
  options: CallOptions,
): Promise<Decision> {
  const [limit] = plan.limits as readonly [Limit];
  if (plan.kind === 'log') {
    const args = { mode: 'consume', cost, limit: limit.limit, window: limit.windowUs };
    return client.run(log, { log: keys.log }, args, options);
  }
  if (plan.kind === 'gcra') {
    const { capacity } = limit;
    const added = cost * limit.unit;
    const args = { charge: added, capacity };
    return client
      .run(gcra, { counters: keys.counters }, args, options)
      .then((level) => (level === null ? all() : gcraDecision(level, added, capacity)));
  }
  return all();

  function all(): Promise<Decision> {
    const args = { mode: 'consume', limits: argumentFor(plan, cost) };
    return client.run(charge, { counters: keys.counters }, args, options);
  }
}

/** What charging would do. */
export function peek(
  client: RateLimitClient,
  plan: Plan,
  keys: SubjectKeys,
  cost: number,
  options: CallOptions,
): Promise<Decision> {
  if (plan.kind !== 'log') {
    const args = { mode: 'peek', limits: argumentFor(plan, cost) };
    return client.run(look, { counters: keys.counters }, args, options);
  }
  const [limit] = plan.limits as readonly [Limit];
  const args = { mode: 'peek', cost, limit: limit.limit, window: limit.windowUs };
  return client.run(lookAtLog, { log: keys.log }, args, options);
}

/** Charges whatever is used; a negative cost gives back. */
export function force(
  client: RateLimitClient,
  plan: Plan,
  keys: SubjectKeys,
  cost: number,
  options: CallOptions,
): Promise<Decision> {
  if (plan.kind !== 'log') {
    const args = { mode: 'force', limits: argumentFor(plan, cost) };
    return client.run(charge, { counters: keys.counters }, args, options);
  }
  const [limit] = plan.limits as readonly [Limit];
  const args = { mode: 'force', cost, limit: limit.limit, window: limit.windowUs };
  return client.run(log, { log: keys.log }, args, options);
}

/** Denies everything for a time; 0 ends that. */
export function blockFor(
  client: RateLimitClient,
  plan: Plan,
  keys: SubjectKeys,
  blockUs: number,
  options: CallOptions,
): Promise<void> {
  return plan.kind === 'log'
    ? client.run(blockLog, { log: keys.log }, { blockUs }, options)
    : client.run(block, { counters: keys.counters }, { blockUs }, options);
}

/** The one number that `gcra.lua` answers says it all: how full the bucket is, in time. */
function gcraDecision(level: number, added: number, capacity: number): Decision {
  const admitted = level >= 0;
  const resetUs = admitted ? level : -level;
  const retryUs = admitted ? 0 : resetUs + added - capacity;
  return { admitted, blockedUs: 0, standings: [{ free: capacity - resetUs, retryUs, resetUs }] };
}
