/**
 * What a {@link FlexibleRateLimiter} resolves with, and rejects with when there are too few points: it is no `Error`, so that
 * `error instanceof Error` tells a failure from a denial.
 */
export class RateLimiterRes {
  /** How many points are left in the window. */
  remainingPoints: number;

  /** Milliseconds until points may be had again, or until the window ends; -1 for never. */
  msBeforeNext: number;

  /** How many points were consumed in the window; more than there are after a denial. */
  consumedPoints: number;

  /** Whether the window began with this one. */
  isFirstInDuration: boolean;

  constructor(remainingPoints = 0, msBeforeNext = 0, consumedPoints = 0, isFirstInDuration = false) {
    this.remainingPoints = remainingPoints;
    this.msBeforeNext = msBeforeNext;
    this.consumedPoints = consumedPoints;
    this.isFirstInDuration = isFirstInDuration;
  }

  /** What `JSON.stringify` makes of it: its four fields. */
  toJSON(): {
    remainingPoints: number;
    msBeforeNext: number;
    consumedPoints: number;
    isFirstInDuration: boolean;
  } {
    const { remainingPoints, msBeforeNext, consumedPoints, isFirstInDuration } = this;
    return { remainingPoints, msBeforeNext, consumedPoints, isFirstInDuration };
  }

  toString(): string {
    return JSON.stringify(this);
  }
}
