import { InvalidOptionError } from '@keyslot/kernel';
import type { Lock } from './lock.ts';

/** What is done under a lock. */
export type Work<T> = (lock: Lock) => T | Promise<T>;

/** What a call of `using` ends with: its options may be left out. */
export type UsingArguments<Options, T> = [work: Work<T>] | [options: Options, work: Work<T>];

/** @throws {InvalidOptionError} for what is no object, of which nothing could be read. */
export function objectOf<T extends object>(options: T, allowed = `an object like { wait: '2s' }`): T {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new InvalidOptionError('options', options, allowed);
  return options;
}

/** @throws {InvalidOptionError} for work that is no function, before anything is locked for it. */
export function usingOf<Options, T>(
  args: UsingArguments<Options, T>,
): { readonly options: Options | undefined; readonly work: Work<T> } {
  const [options, work] = args.length === 1 ? [undefined, args[0]] : args;
  if (typeof work !== 'function')
    throw new InvalidOptionError('work', work, 'a function, as the last argument: it is given the lock');
  return { options, work };
}

/** @throws {InvalidOptionError} for what would never tell that it was aborted. */
export function signalOf(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  // By what is asked of it: a signal of another realm is no instance of ours.
  if (typeof signal?.throwIfAborted !== 'function' || typeof signal.addEventListener !== 'function')
    throw new InvalidOptionError('signal', signal, 'an AbortSignal, like AbortSignal.timeout(1_000)');
  return signal;
}
