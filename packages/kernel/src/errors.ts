const brand = Symbol.for('@keyslot/error');

/**
 * The root of every error that Keyslot throws on purpose.
 *
 * `code` is stable across releases and safe to switch on; messages are for people and may change.
 * Messages name a key's template (`places:{place:<id>}`), never a rendered key or a value, so that log
 * lines group well and do not tell whose data was asked for.
 */
export abstract class KeyslotError extends Error {
  /** Stable identifier, described in docs/reference/errors.md. */
  abstract readonly code: string;

  /** Whether the same call, unchanged, has a fair chance a moment later. */
  readonly retryable: boolean = false;

  readonly [brand] = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * Recognises a {@link KeyslotError} from any copy of this package.
 *
 * `instanceof` fails when an application ends up with two copies of a package; the registered symbol
 * does not.
 */
export function isKeyslotError(error: unknown): error is KeyslotError {
  return typeof error === 'object' && error !== null && brand in error;
}

/**
 * An option or argument that cannot be used. The message says what was received, what is allowed and
 * what to do; nothing was changed.
 */
export class InvalidOptionError extends KeyslotError {
  readonly code = 'KERNEL_INVALID_OPTION';
  readonly option: string;

  constructor(option: string, received: unknown, allowed: string) {
    super(`${option}: got ${describe(received)}; allowed: ${allowed}`);
    this.option = option;
  }
}

/** How a bad option is shown: its text, shortened. Never used for data. */
function describe(received: unknown): string {
  if (typeof received === 'string') return `'${received.slice(0, 60)}'`;
  if (Array.isArray(received)) return received.length === 0 ? 'an empty array' : 'an array';
  if (received instanceof Promise) return 'a promise';
  if (typeof received === 'object' && received !== null) return 'an object';
  if (typeof received === 'function') return 'a function';
  return String(received);
}
