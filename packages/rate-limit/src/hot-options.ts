import type { Duration } from '@keyslot/kernel';

/**
 * How subjects are served that a process asks for more than a thousand times a second.
 *
 * What comes while a question about such a subject is under way is asked in one next question. And where there is room, more
 * places are charged than are asked for: a lease, which this process hands out without asking, for a short time.
 */
export interface HotOptions {
  /** From how many decisions a second on, in this process, a subject is hot. A whole number. @default 1000 */
  readonly above?: number;

  /**
   * How long places that are charged ahead may be handed out, from when they were asked for; up to 1 s. What is left is given
   * back then. 0 charges none ahead: that is exact. In any window, *limit* × 2 × hold ÷ *per* more may be admitted, and
   * no more than 2 × `batch` for each process.
   *
   * @default '20ms'
   */
  readonly hold?: Duration;

  /**
   * How many places are charged ahead at the most, and never more than half of those that are free. More save questions, and
   * are missed for longer by the other processes. A whole number.
   *
   * @default 1000
   */
  readonly batch?: number;
}
