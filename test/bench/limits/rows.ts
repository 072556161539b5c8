import { setTimeout as sleep } from 'node:timers/promises';
import { type Contest, hold, type Pace, type Standing } from '../contest.ts';
import type { Decide, Decider, OpenDecider } from './decider.ts';

const CALLERS = 256;
const SUBJECTS = Array.from({ length: 1_000 }, (_, n) => `user-${n}`);

/** One kind of traffic. */
interface Row {
  readonly title: string;
  readonly name: string;

  /** What every decision must be, once the first have been made. */
  readonly allowed: boolean;
  readonly subjects: readonly string[];
}

export const ROWS: readonly Row[] = [true, false].flatMap((allowed) => {
  const traffic = allowed ? 'admitted' : 'denied';
  return [
    {
      title: `${traffic}, 1 000 subjects, ${CALLERS} callers`,
      name: `${traffic}-many`,
      allowed,
      subjects: SUBJECTS,
    },
    {
      title: `${traffic}, one hot subject, ${CALLERS} callers`,
      name: `${traffic}-hot`,
      allowed,
      subjects: ['hot'],
    },
  ];
});

/** A library in a run, and what speaks against a figure for it. */
export interface Entrant {
  readonly decider: Decider;
  readonly open: OpenDecider;

  /** Why it has no figures. */
  refusal?: string;
}

/** What a row came to for one entrant. */
export type Result = { readonly entrant: Entrant } & (
  | { readonly standing: Standing }
  | { readonly reason: string }
);

/** Refuses an entrant that does not keep a limit: of fifty at once, or over time. */
export async function check(entrant: Entrant): Promise<void> {
  const { decider, open } = entrant;
  try {
    const five = open.decides({ name: `check-five-${nameOf(decider)}`, limit: 5, perSeconds: 3600 });
    const answers = await Promise.all(Array.from({ length: 50 }, () => five('somebody')));
    const admitted = answers.filter(Boolean).length;
    if (admitted !== 5) throw new Error(`admits ${admitted} of 50 at once where 5 are allowed`);

    const two = open.decides({ name: `check-two-${nameOf(decider)}`, limit: 2, perSeconds: 1 });
    await two('somebody');
    await two('somebody');
    if (await two('somebody')) throw new Error('admits a third within a second where 2 are allowed');
    await sleep(1_100);
    if (!(await two('somebody'))) throw new Error('still denies when the second has passed');
  } catch (error) {
    refuse(entrant, error);
  }
}

/** Measures, in turn, all that were not refused. */
export async function race(row: Row, entrants: readonly Entrant[], pace: Pace): Promise<Result[]> {
  const { title, allowed, name, subjects } = row;
  const wrong = new Map<Entrant, string>();
  const contenders: (Contest['contenders'][0] & { readonly entrant: Entrant })[] = [];
  for (const entrant of entrants) {
    if (entrant.refusal !== undefined) continue;
    const decide = entrant.open.decides({
      name: `${name}-${nameOf(entrant.decider)}`,
      ...(allowed ? { limit: 1e8, perSeconds: 86_400 } : { limit: 5, perSeconds: 3600 }),
    });
    if (!allowed) await useUp(decide, subjects);
    const look = (answer: boolean) => {
      if (answer !== allowed) wrong.set(entrant, answer ? 'admits too much' : 'denies too much');
    };
    const fail = (error: unknown) => void wrong.set(entrant, String(error));
    contenders.push({
      entrant,
      name: nameOf(entrant.decider),
      run: (caller: number, turn: number) =>
        decide(subjects[(caller * 31 + turn) % subjects.length] as string).then(look, fail),
    });
  }
  const [first, ...others] = contenders;
  const standings =
    first === undefined ? [] : await hold({ title, callers: CALLERS, contenders: [first, ...others] }, pace);
  return entrants.map((entrant) => {
    const standing = standings[contenders.findIndex((each) => each.entrant === entrant)];
    const reason = entrant.refusal ?? wrong.get(entrant);
    return reason === undefined && standing !== undefined
      ? { entrant, standing }
      : { entrant, reason: reason ?? 'not measured' };
  });
}

async function useUp(decide: Decide, subjects: readonly string[]): Promise<void> {
  for (let i = 0; i < 6; i++) await Promise.all(subjects.map((subject) => decide(subject)));
}

function refuse(entrant: Entrant, error: unknown): void {
  entrant.refusal = error instanceof Error ? error.message : String(error);
}

/** One that no other entrant has, and that may be in keys. */
function nameOf({ name, call }: Decider): string {
  return `${name}-${call}`.replace(/\W+/g, '-');
}
