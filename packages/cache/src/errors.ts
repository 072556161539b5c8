import { KeyslotError } from '@keyslot/kernel';

/** The loader threw. Its own error is the `cause`; nothing was stored. */
export class LoaderFailedError extends KeyslotError {
  readonly code = 'CACHE_LOADER_FAILED';
  override readonly retryable = true;
  readonly template: string;

  constructor(template: string, options: { readonly cause: unknown }) {
    super(`Loading "${template}" failed`, options);
    this.template = template;
  }
}

/**
 * A value cannot be stored as it is: it is `undefined`, or there is a function, a symbol, a cycle or an instance of a
 * class that is not registered in it. Return `null` for "known to be absent", and plain data for the rest.
 */
export class UnencodableValueError extends KeyslotError {
  readonly code = 'CACHE_UNENCODABLE_VALUE';
  readonly template: string;

  constructor(template: string, why: string, options?: ErrorOptions) {
    super(
      `A value of "${template}" cannot be stored: ${why}; give plain data, and null for "known to be absent"`,
      options,
    );
    this.template = template;
  }
}

/** A value has more bytes than the option `maxEntryBytes` allows. Nothing was stored. */
export class EntryTooLargeError extends KeyslotError {
  readonly code = 'CACHE_ENTRY_TOO_LARGE';
  readonly template: string;

  /** How many bytes the value has, or the least that it would have. */
  readonly bytes: number;

  /** How many it may have. */
  readonly limit: number;

  constructor(template: string, bytes: number, limit: number) {
    super(
      `A value of "${template}" has ${bytes} bytes or more; allowed: ${limit}; store less of it, split it over several keys, or raise maxEntryBytes`,
    );
    this.template = template;
    this.bytes = bytes;
    this.limit = limit;
  }
}

/**
 * The `cause` for those who did not see a loader's error itself: it failed in another process, or a short while ago. What
 * kind of error it was is all that is shared. Load for yourself if you need to know more.
 */
export class FailedElsewhereError extends KeyslotError {
  readonly code = 'CACHE_FAILED_ELSEWHERE';
  override readonly retryable = true;

  /** The `name` and the `code` of the loader's error. */
  readonly originalName: string;
  readonly originalCode: string | undefined;

  constructor(originalName: string, originalCode: string | undefined) {
    super(
      `The loader failed in another process or a short while ago: ${[originalName, originalCode].filter(Boolean).join(' ')}`,
    );
    this.originalName = originalName;
    this.originalCode = originalCode;
  }
}

/** A load took longer than `hardTimeout`, and there was nothing stale to answer. Try again later, or allow it more time. */
export class LoaderTimeoutError extends KeyslotError {
  readonly code = 'CACHE_LOADER_TIMEOUT';
  override readonly retryable = true;
  readonly template: string;
  readonly hardTimeoutMs: number;

  constructor(template: string, hardTimeoutMs: number) {
    super(`Loading "${template}" took longer than its hardTimeout of ${hardTimeoutMs} ms`);
    this.template = template;
    this.hardTimeoutMs = hardTimeoutMs;
  }
}

/**
 * A loader asks for the very key that it loads, by itself or by way of other loaders, and would wait for itself. Load from
 * where the value really is; to see what is cached of it, use `get`, `peek`, or `load.stale`.
 */
export class LoaderCycleError extends KeyslotError {
  readonly code = 'CACHE_LOADER_CYCLE';
  readonly template: string;

  constructor(template: string) {
    super(
      `The loader of "${template}" asks for the key that it loads, itself or by way of another loader; allowed: keys that do not need this one; load it from where it really is, or look at it with get or peek`,
    );
    this.template = template;
  }
}

/** `notModified` was called in a load that replaces nothing. Call it only where `stale` is there. */
export class NothingStaleError extends KeyslotError {
  readonly code = 'CACHE_NOTHING_STALE';

  constructor() {
    super('notModified: got a load without a stale value; allowed: only where `stale` is there');
  }
}

/** A batch's loader answered something else than one value for each key it was asked for. Answer them in the order of the keys. */
export class WrongBatchError extends KeyslotError {
  readonly code = 'CACHE_WRONG_BATCH';

  constructor(received: string, keys: number) {
    super(
      `loadMissing: got ${received}; allowed: an array with a value, or undefined, for each of the ${keys} keys it was given`,
    );
  }
}

/**
 * As many loaders run as may run at once, and as many wait as may wait, or none ended for as long as a load may take.
 * Nothing was loaded. Shed load, or raise `loaders`
 * if the database bears it.
 */
export class LoaderOverloadedError extends KeyslotError {
  readonly code = 'CACHE_LOADER_OVERLOADED';
  override readonly retryable = true;
  readonly template: string;

  /** What is exhausted: how many loaders run at once, and how many wait. */
  readonly limit: LoadersAllowed;

  /** @param waitedMs - for how long it waited for its turn, if it did */
  constructor(template: string, limit: LoadersAllowed, waitedMs?: number) {
    const why =
      waitedMs === undefined
        ? `${limit.concurrency} loaders run and ${limit.queue} wait, which is all that may`
        : `it waited ${waitedMs} ms, its hardTimeout, for one of the ${limit.concurrency} that may run to end`;
    super(
      `"${template}" is not loaded: ${why}; try again later, or raise loaders.concurrency or loaders.queue`,
    );
    this.template = template;
    this.limit = limit;
  }
}

/** How many loaders may run at once, and how many more may wait. */
export interface LoadersAllowed {
  readonly concurrency: number;
  readonly queue: number;
}

/** The id of a tenant cannot be one. It may be anything but an empty text, up to 256 characters long. */
export class InvalidTenantError extends KeyslotError {
  readonly code = 'CACHE_INVALID_TENANT';

  /** @param received - what it is like: an id is data, and is not shown */
  constructor(received: string) {
    super(
      `The id of a tenant: got ${received}; allowed: a text of 1 to 256 characters; check whose request it is`,
    );
  }
}

/** The cache was closed. Use one that is open. */
export class CacheClosedError extends KeyslotError {
  readonly code = 'CACHE_CLOSED';

  constructor() {
    super('The cache is closed');
  }
}

/** Everything that the cache itself rejects with. What the cluster rejects with never reaches a reader. */
export type CacheError =
  | LoaderFailedError
  | FailedElsewhereError
  | LoaderTimeoutError
  | LoaderOverloadedError
  | LoaderCycleError
  | NothingStaleError
  | WrongBatchError
  | UnencodableValueError
  | EntryTooLargeError
  | InvalidTenantError
  | CacheClosedError;
