import { setTimeout as sleep } from 'node:timers/promises';
import { slotOf } from '@keyslot/keys';
import type { LimitOptions } from '@keyslot/rate-limit';
import { TestCluster } from '@keyslot/testkit';
import Table from 'cli-table3';
import { flood, mostWithin, secondsOf } from '../rate-limit/flood.ts';

const BURST = 10;
const PER_SECOND = 100;

/** At most so many in any second: what each algorithm promises of 100 a second. */
const LIMITS: readonly { readonly limit: LimitOptions; readonly most: number }[] = [
  { limit: { limit: PER_SECOND, per: '1s', burst: BURST }, most: PER_SECOND + BURST },
  {
    limit: { limit: PER_SECOND, per: '1s', burst: BURST, algorithm: 'token-bucket' },
    most: PER_SECOND + BURST,
  },
  { limit: { limit: PER_SECOND, per: '1s', algorithm: 'sliding-log' }, most: PER_SECOND },
];

/** How much less than the rate may be admitted when nothing fails. */
const UNDER = 0.01;

/** The long form of test/rate-limit/flood.cluster.test.ts. Fails when what must hold does not. */
export async function soakFloods(seconds: number): Promise<boolean> {
  await using cluster = await TestCluster.start();
  console.log(
    `One subject, ${PER_SECOND} a second, ${seconds} s, 4 processes of 64 callers with wrong clocks, ${cluster.description}`,
  );
  const table = new Table({
    head: ['algorithm', 'slots', 'admitted', 'in any second', 'allowed', 'under', 'errors'],
    style: { head: [] },
  });
  let isWell = true;
  for (const { limit, most } of LIMITS) {
    for (const slots of ['stay', 'move'] as const) {
      const subject = `flood-${slots}`;
      const meanwhile = slots === 'stay' ? async () => {} : () => moveFor(cluster, subject, seconds);
      const seen = await flood(cluster, [limit], subject, meanwhile, { forMs: seconds * 1_000 });
      const inAnySecond = mostWithin(seen.admissions, 1_000);
      const flooded = secondsOf(seen.admissions);
      // A log admits in jolts: what the last one of a run lacks is not lost.
      const expected = PER_SECOND * (limit.algorithm === 'sliding-log' ? Math.floor(flooded) : flooded);
      const under = Math.max(0, 1 - seen.admissions.length / expected);
      isWell &&= seen.errors.length === 0 && inAnySecond <= most && (slots === 'move' || under <= UNDER);
      table.push([
        limit.algorithm ?? 'gcra',
        slots,
        seen.admissions.length,
        inAnySecond,
        most,
        `${(100 * under).toFixed(1)} %`,
        seen.errors.length,
      ]);
    }
  }
  console.log(table.toString());
  return isWell;
}

/** Moves the slot of a subject to and fro for as long as the flood lasts. */
async function moveFor(cluster: TestCluster, subject: string, seconds: number): Promise<void> {
  const slot = slotOf(subject);
  const from = cluster.primaryOf(slot);
  const to = cluster.primaries.find((node) => node !== from) ?? from;
  const until = performance.now() + seconds * 1_000;
  for (let moves = 0; performance.now() < until; moves++) {
    await cluster.moveSlots({ slots: [slot], to: moves % 2 === 0 ? to : from });
    // Slower than gossip, or the nodes themselves come to disagree about whose the slot is.
    await sleep(300);
  }
}
