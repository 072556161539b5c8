import { closeFault } from './close.ts';
import { cutFault } from './cut.ts';
import type { Fault } from './figure.ts';
import { freezeFaults } from './freeze.ts';
import { killFault } from './kill.ts';
import { lastWriteFault } from './last-write.ts';
import { memberFaults } from './members.ts';
import { moveFaults } from './move.ts';
import { outageFault } from './outage.ts';
import { overloadFault } from './overload.ts';

/** Everything that is done to a cluster, and what must hold. */
export const FAULTS: readonly Fault[] = [
  killFault,
  ...freezeFaults,
  outageFault,
  lastWriteFault,
  ...moveFaults,
  cutFault,
  overloadFault,
  ...memberFaults,
  closeFault,
];
