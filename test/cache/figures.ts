/** What many waits came to, in milliseconds. */
interface Figures {
  readonly median: number;
  readonly p90: number;
  readonly most: number;
}

export function figuresOf(ms: readonly number[]): Figures {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (part: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
  return { median: at(0.5), p90: at(0.9), most: at(1) };
}

/** Prints them. */
export function show(what: string, { median, p90, most }: Figures): void {
  console.info(
    `${what}: median ${median.toFixed(2)} ms, p90 ${p90.toFixed(2)} ms, most ${most.toFixed(2)} ms`,
  );
}
