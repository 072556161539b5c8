import { setTimeout as sleep } from 'node:timers/promises';
import { slotOf } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import type { Load } from './load.ts';
import type { Phase } from './phases.ts';
import type { Screen } from './screen.ts';
import { milliseconds } from './tables.ts';

export interface FaultsOptions {
  readonly cluster: TestCluster;
  readonly load: Load;
  readonly screen: Screen;

  /** The key that is asked for most: its primary is killed, and its slot moves. */
  readonly hottestKey: string;

  /** How long all of it takes. The first fault comes after three tenths, the second after six. */
  readonly seconds: number;
}

/** How many slots are moved. */
const SLOTS = 1000;

/** Lets the load run, breaks things at set moments, and says what callers noticed. @returns what happened, in order. */
export async function runWithFaults({
  cluster,
  load,
  screen,
  hottestKey,
  seconds,
}: FaultsOptions): Promise<Phase[]> {
  const beganAt = performance.now();
  const untilPart = (part: number) => sleep(Math.max(0, beganAt + part * seconds * 1000 - performance.now()));
  const phases: Phase[] = [load.phase];
  const begin = (name: string) => phases.push(load.beginPhase(name));
  const noticed = () => {
    const { requests, errors, p99Ms, slowestMs } = load.phase.report();
    return `${requests} requests, ${errors} errors, p99 ${milliseconds(p99Ms)}, slowest ${milliseconds(slowestMs)}`;
  };

  await untilPart(0.3);
  const victim = cluster.primaryOf(hottestKey);
  begin(`primary ${victim.port} killed`);
  screen.say(`⚡ Killing ${victim.port}, the primary of the key that is asked for most`);
  const killedAt = performance.now();
  await cluster.kill(victim);
  const heir = await cluster.untilFailedOver(victim);
  screen.say(
    `✓ ${heir.port} took over after ${milliseconds(performance.now() - killedAt)}; callers noticed: ${noticed()}`,
  );

  begin('after the failover');
  await untilPart(0.45);
  await cluster.restart(victim);
  screen.say(`✓ ${victim.port} is back, as a replica of ${heir.port}`);

  await untilPart(0.6);
  const from = cluster.primaryOf(hottestKey);
  const to = cluster.primaries.find((primary) => primary !== from);
  if (to === undefined) throw new Error('There is no second primary to move slots to');
  begin(`${SLOTS} slots on the move`);
  screen.say(`⇄ Moving ${SLOTS} slots from ${from.port} to ${to.port}, the one of that key among them`);
  const movedAt = performance.now();
  const { slots, keys } = await cluster.moveSlots({ slots: slotsAround(hottestKey, cluster), to });
  screen.say(
    `✓ ${slots} slots with ${keys} keys moved in ${milliseconds(performance.now() - movedAt)}; callers noticed: ${noticed()}`,
  );

  begin('after the move');
  await untilPart(1);
  return phases;
}

/** Slots of the same shard around the key's own. */
function slotsAround(key: string, cluster: TestCluster): number[] {
  const owner = cluster.primaryOf(key);
  const own = slotOf(key);
  return Array.from({ length: 16_384 }, (_, slot) => slot)
    .filter((slot) => cluster.primaryOf(slot) === owner)
    .toSorted((a, b) => Math.abs(a - own) - Math.abs(b - own))
    .slice(0, SLOTS);
}
