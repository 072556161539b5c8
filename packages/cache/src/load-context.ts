import type { Duration } from '@keyslot/kernel';
import { NothingStaleError } from './errors.ts';
import { type EntryOptions, type Policy, policyOf } from './freshness.ts';

/** A value that is there already, and no longer fresh. */
export interface Stale<Value> {
  readonly value: Value;

  /** How long ago it was stored, in milliseconds, as far as the machines' clocks agree. */
  readonly ageMs: number;
}

/** What a loader is given: what is known already, and ways to say how its answer is to be kept. */
export interface LoadContext<Value = unknown> {
  /** Aborts when the load has taken longer than `hardTimeout`. Hand it to what you call: a loader that goes on keeps its place. */
  readonly signal: AbortSignal;

  /** The value that the load is to replace, where there is one. */
  readonly stale: Stale<Value> | undefined;

  /** How long this value is fresh, in the place of the option. */
  ttl: Duration | undefined;

  /** How long it is kept as a stale one after that, in the place of the option. */
  grace: Duration | undefined;

  /** Has the value answered to those who wait in this process, and kept nowhere. */
  skip(): void;

  /**
   * The stale value is still right: `return load.notModified()`.
   *
   * @throws {NothingStaleError} when there is none: look at `stale` first.
   */
  notModified(): Value;
}

/** One load's context. */
export class Context<Value> implements LoadContext<Value> {
  readonly stale: Stale<Value> | undefined;
  ttl: Duration | undefined = undefined;
  grace: Duration | undefined = undefined;
  isSkipped = false;
  #over: AbortController | undefined;
  #reason: unknown;

  constructor(stale: Stale<Value> | undefined) {
    this.stale = stale;
  }

  /** Made when it is asked for: most loaders do not, and it costs more than everything else here. */
  get signal(): AbortSignal {
    if (this.#over === undefined) {
      this.#over = new AbortController();
      if (this.#reason !== undefined) this.#over.abort(this.#reason);
    }
    return this.#over.signal;
  }

  skip(): void {
    this.isSkipped = true;
  }

  notModified(): Value {
    if (this.stale === undefined) throw new NothingStaleError();
    return this.stale.value;
  }

  /** The load is given up. */
  abort(reason: unknown): void {
    this.#reason = reason;
    this.#over?.abort(reason);
  }

  /** The policy with what the loader has said. @throws {InvalidOptionError} for a duration that is none. */
  policy(base: Policy): Policy {
    if (this.ttl === undefined && this.grace === undefined) return base;
    const said: { -readonly [Name in keyof EntryOptions]: EntryOptions[Name] } = {};
    if (this.ttl !== undefined) said.ttl = this.ttl;
    if (this.grace !== undefined) said.grace = this.grace;
    return policyOf(said, base, 'load.');
  }
}
