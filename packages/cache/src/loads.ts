import {
  LoaderFailedError,
  LoaderOverloadedError,
  LoaderTimeoutError,
  UnencodableValueError,
} from './errors.ts';
import type { Policy } from './freshness.ts';
import { Context, type LoadContext, type Stale } from './load-context.ts';
import type { LoaderLimit } from './loader-limit.ts';

/**
 * Gets a value from where it really is. It should read what is committed, from the primary database. What it throws
 * reaches those who wait as the `cause` of a {@link LoaderFailedError}.
 */
export type Loader<Value> = (load: LoadContext<Value>) => Promise<Value> | Value;

/** What a loader answered, and how it wants that to be kept. */
export interface Loaded<Value> {
  readonly value: Value;
  readonly loadMs: number;
  readonly policy: Policy;
  readonly isSkipped: boolean;
}

/** One load that is to be made. */
export interface Load<Value> {
  readonly template: string;
  readonly loader: Loader<Value>;
  readonly policy: Policy;
  readonly stale?: Stale<Value> | undefined;

  /** Whether it is part of a load that has its place already. */
  readonly isPart?: boolean;
}

/** Runs loaders: no more at once than the database bears, and none for longer than it may take. */
export class Loads {
  readonly #limit: LoaderLimit;

  constructor(limit: LoaderLimit) {
    this.#limit = limit;
  }

  /**
   * Runs one load for many keys, which have neither places nor times of their own.
   *
   * @throws {LoaderTimeoutError} when it took too long: its place is free again then.
   */
  together<T>(template: string, limitMs: number, load: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const context = new Context<never>(undefined);
    return this.#limit.run(template, () => inTime(template, limitMs, context, () => load(context.signal)));
  }

  /**
   * @throws {LoaderFailedError} when the loader threw.
   * @throws {LoaderTimeoutError} when it took too long; what it still answers is lost.
   * @throws {LoaderOverloadedError} when too many wait already; it was not asked.
   * @throws {UnencodableValueError} when it answered `undefined`.
   */
  async run<Value>({ template, loader, policy, stale, isPart = false }: Load<Value>): Promise<Loaded<Value>> {
    const context = new Context<Value>(stale);
    let startedAt = performance.now();
    const load = () => {
      startedAt = performance.now();
      return inTime(template, policy.hardTimeoutMs, context, () => attempt(template, loader, context));
    };
    const value = await (isPart
      ? attempt(template, loader, context, isRefusal)
      : this.#limit.run(template, load));
    // Here rather than when it is stored: it must not depend on the cluster whether a loader is correct.
    if (value === undefined) throw new UnencodableValueError(template, 'it is undefined');
    return {
      value,
      loadMs: performance.now() - startedAt,
      policy: context.policy(policy),
      isSkipped: context.isSkipped,
    };
  }
}

async function attempt<Value>(
  template: string,
  loader: Loader<Value>,
  context: Context<Value>,
  isKnown: (cause: unknown) => boolean = () => false,
): Promise<Value> {
  try {
    return await loader(context);
  } catch (cause) {
    if (isKnown(cause)) throw cause;
    throw new LoaderFailedError(template, { cause });
  }
}

/** What a batch was refused is no failure of its loader. */
function isRefusal(cause: unknown): boolean {
  return cause instanceof LoaderOverloadedError || cause instanceof LoaderTimeoutError;
}

async function inTime<Value>(
  template: string,
  limitMs: number,
  context: Context<Value>,
  load: () => Promise<Value>,
): Promise<Value> {
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new LoaderTimeoutError(template, limitMs);
      context.abort(error);
      reject(error);
    }, limitMs);
    load()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
