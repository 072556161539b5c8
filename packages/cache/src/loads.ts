import type { AnyKey } from '@keyslot/keys';
import {
  LoaderCycleError,
  LoaderFailedError,
  LoaderOverloadedError,
  LoaderTimeoutError,
  UnencodableValueError,
} from './errors.ts';
import type { Policy } from './freshness.ts';
import { Context, type LoadContext, type Stale } from './load-context.ts';
import type { LoaderLimit } from './loader-limit.ts';
import type { Namespace } from './namespace.ts';
import { settledWithin } from './patience.ts';
import { type Turn, turnNow } from './turns.ts';

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

  /** The key, as the cluster knows it. */
  readonly text: string;
  readonly loader: Loader<Value>;
  readonly policy: Policy;
  readonly stale?: Stale<Value> | undefined;

  /** Whether it is part of a load that has its place already. */
  readonly isPart?: boolean;
}

/** Runs loaders: no more at once than the database bears, and none for longer than it may take. */
export class Loads {
  readonly #limit: LoaderLimit;
  readonly #client: object;

  /** @param client - whose keys are loaded */
  constructor(limit: LoaderLimit, client: object) {
    this.#limit = limit;
    this.#client = client;
  }

  /**
   * That the code that runs now is part of the load of a key: if it asked for that key it would wait for itself. Whatever
   * the tiers have, so that it does not depend on them whether a loader is correct.
   */
  cycleOf(key: AnyKey, namespace: Namespace): LoaderCycleError | undefined {
    const turn = turnNow();
    if (turn === undefined || !turn.isFor(this.#client, namespace.inCluster(key).text)) return undefined;
    return new LoaderCycleError(key.template);
  }

  /**
   * Runs one load for many keys, which have neither places nor times of their own.
   *
   * @param texts - the keys, as the cluster knows them
   * @throws as {@link run} does, but for what the loader throws
   */
  together<T>(
    template: string,
    limitMs: number,
    texts: ReadonlySet<string>,
    load: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const context = new Context<never>(undefined);
    const loading = { client: this.#client, has: (text: string) => texts.has(text) };
    return this.#limit.run(
      template,
      (turn) => inTime(template, limitMs, context, turn, () => load(context.signal)),
      { waitMs: limitMs, loading },
    );
  }

  /**
   * @throws {LoaderFailedError} when the loader threw.
   * @throws {LoaderTimeoutError} when it took too long; what it still answers is lost.
   * @throws {LoaderOverloadedError} when too many wait already, or it waited for as long as it may take; it was not asked.
   * @throws {UnencodableValueError} when it answered `undefined`.
   */
  async run<Value>({
    template,
    text,
    loader,
    policy,
    stale,
    isPart = false,
  }: Load<Value>): Promise<Loaded<Value>> {
    const context = new Context<Value>(stale);
    let startedAt = performance.now();
    const limitMs = policy.hardTimeoutMs;
    const load = (turn: Turn) => {
      startedAt = performance.now();
      return inTime(template, limitMs, context, turn, () => attempt(template, loader, context));
    };
    const loading = { client: this.#client, has: (other: string) => other === text };
    const value = await (isPart
      ? attempt(template, loader, context, isRefusal)
      : this.#limit.run(template, load, { waitMs: limitMs, loading }));
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
  turn: Turn,
  load: () => Promise<Value>,
): Promise<Value> {
  return await new Promise((resolve, reject) => {
    const loading = load();
    const timer = setTimeout(() => {
      // One that does not heed its signal is still at the database. One that never ends must not block the others.
      turn.keepUntil(settledWithin(limitMs, loading));
      const error = new LoaderTimeoutError(template, limitMs);
      context.abort(error);
      reject(error);
    }, limitMs);
    loading.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
