/** How much a read changes what is believed of its template. Some fifty reads are remembered. */
const WEIGHT = 0.02;

/** From which part of misses on a template is cold, and below which it is warm again. */
const COLD = 0.6;
const WARM = 0.4;

interface Believed {
  missed: number;
  isCold: boolean;
}

/**
 * Which templates' keys are mostly missing, by how the last reads ended (an exponentially weighted moving average, with two
 * thresholds so that it does not flicker).
 *
 * A key that is missing is looked for, led and filled: three round trips. To ask for the lease at once answers what is
 * there as well, and spares the first; but it is a write, which replicas and a full node do not take. So it is asked
 * for where a miss is likely.
 */
export class Temperature {
  readonly #byTemplate = new Map<string, Believed>();

  isCold(template: string): boolean {
    return this.#byTemplate.get(template)?.isCold === true;
  }

  note(template: string, outcome: 'hit' | 'miss'): void {
    const believed = this.#byTemplate.get(template);
    if (believed === undefined) {
      this.#byTemplate.set(template, { missed: 0, isCold: false });
      return;
    }
    believed.missed += WEIGHT * ((outcome === 'miss' ? 1 : 0) - believed.missed);
    if (believed.missed > COLD) believed.isCold = true;
    else if (believed.missed < WARM) believed.isCold = false;
  }
}
