import type { Answer } from '@keyslot/cache';
import type { Key } from '@keyslot/keys';
import { Lag } from './lag.ts';
import type { Plan } from './plan.ts';
import type { Fault, Finding } from './report.ts';
import { versionedIn } from './value.ts';
import { type Floor, isBelow, nowMs, type Versioned, type World } from './world.ts';

/** One round, as a thread plays it. */
export interface Round {
  readonly lane: number;
  readonly round: number;
  readonly plan: Plan;
  readonly key: Key<string>;
}

/** A process that reads, and how long copies live in its memory. */
export interface Reader {
  readonly cache: number;
  readonly localMs: number;
}

/** How long an invalidation travels at the most, in milliseconds, from one busy process to another. */
const TRAVEL_MS = 400;

/** What a busy machine adds to how long a copy lives in memory, in milliseconds. */
const SLACK_MS = 200;

/** How long after a disturbance messages may be lost, in milliseconds. */
const UNSETTLED_MS = 5_000;

/** Judges what is read. */
export class Oracle {
  readonly #world: World;
  readonly #lag = new Lag();
  readonly #onFinding: (finding: Finding) => void;

  /** The longest time that a copy in memory was served after its value was invalidated elsewhere, in milliseconds. */
  slowestMs = 0;

  constructor(world: World, onFinding: (finding: Finding) => void) {
    this.#world = world;
    this.#onFinding = onFinding;
  }

  found(fault: Fault, { round, lane }: Round, what: string): void {
    this.#onFinding({ fault, round, lane, what });
  }

  /** What the cluster had when it was asked after the floor was there. */
  read(fault: 'cluster' | 'left' | 'served', on: Round, read: Versioned, floor: Floor): void {
    if (!isBelow(floor, read)) return;
    const { version, voided } = floor;
    this.found(
      fault,
      on,
      `version ${read.version}, load ${read.began}; version ${version} had been invalidated, and what began before ${voided}`,
    );
  }

  /** What was answered as a fresh value: after an `expire` neither an older version nor an older load may be. */
  freshRead(on: Round, { version, began }: Versioned, floor: Floor): void {
    if (version < floor.version && began < floor.voided)
      this.found(
        'expired',
        on,
        `version ${version}, load ${began}; expired for ${floor.version} at ${floor.voided}`,
      );
  }

  /** What somebody was answered who began at a moment, from any tier. Loaders answer what they like. */
  answered(on: Round, answer: Answer<string>, beganAt: number, { cache, localMs }: Reader): void {
    const { value, source } = answer;
    const { isMuted } = on.plan;
    const read = versionedIn(value);
    if (source === 'loader' || read === undefined) return;
    const staleMs = this.#world.staleForMs(on.lane, read.version, beganAt);
    if (staleMs === 0) return;
    const isQuiet = this.#world.quietMs(nowMs()) > UNSETTLED_MS;
    if (source === 'local') this.slowestMs = Math.max(this.slowestMs, staleMs);
    // Whoever was not told may join a read that began before.
    else if (isMuted || !isQuiet) return;
    // An answer and a message that wait for the same turn are not told apart by whoever looks in between.
    const allowedMs = (isMuted || !isQuiet ? localMs + SLACK_MS : TRAVEL_MS) + this.#lag.longestMs;
    if (staleMs > allowedMs)
      this.found(
        'local',
        on,
        `cache ${cache} was answered version ${read.version} (${source}) ${Math.round(staleMs)} ms after it was invalidated; ${Math.round(allowedMs)} ms are allowed`,
      );
  }
}
