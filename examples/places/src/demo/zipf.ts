/**
 * Ranks drawn by Zipf's law: the first is asked for most, the tenth about a tenth as often. How people ask
 * for places, and what makes caches worth having.
 */
export class Zipf {
  /** For every rank the share of all draws that go to it or to those before it. */
  readonly #cumulative: Float64Array;

  /**
   * @param ranks - how many there are
   * @param exponent - how steep it is; 0 would draw all ranks alike
   */
  constructor(ranks: number, exponent = 1) {
    if (!Number.isInteger(ranks) || ranks < 1)
      throw new RangeError(`ranks: got ${ranks}; allowed: a whole number from 1 up`);
    this.#cumulative = new Float64Array(ranks);
    let sum = 0;
    for (let rank = 0; rank < ranks; rank++) {
      sum += (rank + 1) ** -exponent;
      this.#cumulative[rank] = sum;
    }
    for (let rank = 0; rank < ranks; rank++)
      this.#cumulative[rank] = (this.#cumulative[rank] as number) / sum;
  }

  /** The rank, from 0, that a number from 0 to below 1 falls on. */
  rank(uniform: number): number {
    let low = 0;
    let high = this.#cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#cumulative[middle] as number) > uniform) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
