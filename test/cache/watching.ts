import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { InvalidationTold, Journey, ProblemTold } from '@keyslot/cache';

/** What is told on a channel while something runs, in order. */
async function toldDuring<Told>(channel: string, work: () => Promise<unknown>): Promise<Told[]> {
  const told: Told[] = [];
  const hear = (message: unknown) => void told.push(message as Told);
  subscribe(channel, hear);
  try {
    await work();
  } finally {
    unsubscribe(channel, hear);
  }
  return told;
}

/** The ways of all reads that end while `work` runs, each as its stations: `['local:miss', 'cluster:hit']`. */
export async function waysDuring(work: () => Promise<unknown>): Promise<string[][]> {
  const journeys = await toldDuring<Journey>('keyslot:cache.journey', work);
  return journeys.map(({ steps }) => steps.map(({ at, outcome }) => `${at}:${outcome}`));
}

/** The way of one read. */
export async function wayOf(read: () => Promise<unknown>): Promise<string[]> {
  const [way = [], ...others] = await waysDuring(read);
  if (others.length > 0) throw new Error(`${others.length + 1} reads ended, not one`);
  return way;
}

/** What went wrong and was dealt with while `work` runs. */
export function problemsDuring(work: () => Promise<unknown>): Promise<ProblemTold[]> {
  return toldDuring('keyslot:cache.problem', work);
}

/** What became of invalidations while `work` runs, for those who asked for them. */
export async function invalidationsDuring(work: () => Promise<unknown>): Promise<string[]> {
  const told = await toldDuring<InvalidationTold>('keyslot:cache.invalidation', work);
  return told.filter(({ template }) => template !== '<of another process>').map(({ outcome }) => outcome);
}
