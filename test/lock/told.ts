import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AcquisitionTold, EndTold, LockProblemTold } from '@keyslot/lock';

interface Told {
  readonly acquisition: AcquisitionTold;
  readonly end: EndTold;
  readonly problem: LockProblemTold;
}

/** What is told on one of the channels while something runs, in order. */
export async function toldDuring<Noun extends keyof Told>(
  noun: Noun,
  work: () => Promise<unknown>,
): Promise<Told[Noun][]> {
  const told: Told[Noun][] = [];
  const hear = (message: unknown) => void told.push(message as Told[Noun]);
  subscribe(`keyslot:lock.${noun}`, hear);
  try {
    await work();
  } finally {
    unsubscribe(`keyslot:lock.${noun}`, hear);
  }
  return told;
}
