import { TestCluster } from '@keyslot/testkit';
import { runSections } from '../lock/sections/sections.ts';

/** How many sections on one cluster: what one did to its cluster is not what the next begins with. */
const LEG = 2_500;

/** The long form of test/lock/sections.cluster.test.ts, with primaries killed as well. */
export async function soakLocks(sections: number): Promise<boolean> {
  let accepted = 0;
  let isWell = true;
  for (let begun = 0; begun < sections && isWell; begun += LEG) {
    await using cluster = await TestCluster.start();
    if (begun === 0) console.log(`${sections} critical sections of 8 processes, ${cluster.description}`);
    let told = 0;
    const report = await runSections({
      cluster,
      sections: Math.min(LEG, sections - begun),
      disturbances: ['kill', 'freeze', 'slots', 'primaries'],
      onProgress: (count) => {
        if (count - told < 500) return;
        told = count;
        console.log(`${accepted + count} of ${sections}`);
      },
    });
    accepted += report.accepted;
    isWell = report.outOfOrder === 0 && report.repeated === 0;
    console.log(report);
  }
  console.log(`${accepted} writes accepted, ${isWell ? '0' : 'some'} out of order.`);
  return isWell && accepted >= sections;
}
