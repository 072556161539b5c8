import type { Counts, RaceReport } from '../cache/races/report.ts';

/** Of how many findings the round is shown. */
const SHOWN = 3;

/** What several races with one seed found together. */
export function sumOf(legs: readonly RaceReport[]): RaceReport {
  const counts: Counts = {};
  for (const leg of legs)
    for (const [what, times] of Object.entries(leg.counts)) counts[what] = (counts[what] ?? 0) + times;
  const broken = legs.flatMap((leg) => leg.broken ?? []);
  if (broken.length > 0) counts['clusters not whole'] = broken.length;
  return {
    seed: legs[0]?.seed ?? 0,
    rounds: legs.reduce((sum, { rounds }) => sum + rounds, 0),
    seconds: legs.reduce((sum, { seconds }) => sum + seconds, 0),
    counts,
    findings: legs.flatMap(({ findings }) => findings),
    slowestMs: Math.max(0, ...legs.map(({ slowestMs }) => slowestMs)),
    broken: broken[0],
  };
}

/** Prints what a race found. */
export function showRace({ seed, rounds, seconds, counts, slowestMs, findings }: RaceReport): void {
  console.log(
    `\n${rounds} rounds in ${seconds.toFixed(1)} s, ${Math.round(rounds / seconds)} a second; seed ${seed}\n`,
  );
  for (const [what, times] of Object.entries(counts).sort(([a], [b]) => a.localeCompare(b)))
    console.log(`  ${what.padEnd(24)} ${times}`);
  console.log(
    `\nA copy in memory was served for ${Math.round(slowestMs)} ms at the most after it was invalidated elsewhere.`,
  );
  console.log(findings.length === 0 ? '\n0 stale values.' : `\n${findings.length} stale values:`);
  for (const { fault, round, what, timeline } of findings.slice(0, SHOWN)) {
    console.log(`\n${fault}, round ${round}: ${what}`);
    for (const line of timeline) console.log(`  ${line}`);
  }
  for (const { fault, round, what } of findings.slice(SHOWN))
    console.log(`\n${fault}, round ${round}: ${what}`);
}
