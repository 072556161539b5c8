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
 * A value cannot be stored as it is: it is `undefined`, or there is a function, a symbol or a cycle in it.
 * Return `null` for "known to be absent", and plain data for the rest.
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

/** The cache was closed. Use one that is open. */
export class CacheClosedError extends KeyslotError {
  readonly code = 'CACHE_CLOSED';

  constructor() {
    super('The cache is closed');
  }
}

/** Everything that the cache itself rejects with. What the cluster rejects with never reaches a reader. */
export type CacheError = LoaderFailedError | UnencodableValueError | CacheClosedError;
