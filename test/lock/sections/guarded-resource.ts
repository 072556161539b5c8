/** What became of something that was asked under a number. */
export type Verdict = 'accepted' | 'refused';

/**
 * What locks guard: a version that grows with each write. It refuses numbers smaller than one that it has seen, and
 * keeps an account of its own, by which a write that does not follow from what is there is found out.
 */
export class GuardedResource {
  version = 0;
  reads = 0;
  accepted = 0;
  refused = 0;

  /** Writes that were accepted though another had been accepted since what they were made from. */
  outOfOrder = 0;

  /** Acquisitions that had a number that was given before. */
  repeated = 0;
  readonly #checks: boolean;
  readonly #numbers = new Set<number>();
  #largest = 0;

  /** @param checks - whether it looks at the numbers, as it should */
  constructor(checks: boolean) {
    this.#checks = checks;
  }

  /** A section begins with it: from here on, those with smaller numbers are too late. */
  read(fencing: number): number | undefined {
    this.reads++;
    if (this.#numbers.has(fencing)) this.repeated++;
    this.#numbers.add(fencing);
    return this.#admits(fencing) ? this.version : undefined;
  }

  write(fencing: number, base: number): Verdict {
    if (!this.#admits(fencing)) {
      this.refused++;
      return 'refused';
    }
    this.accepted++;
    if (base !== this.version) this.outOfOrder++;
    this.version++;
    return 'accepted';
  }

  #admits(fencing: number): boolean {
    if (fencing < this.#largest && this.#checks) return false;
    this.#largest = Math.max(this.#largest, fencing);
    return true;
  }
}
