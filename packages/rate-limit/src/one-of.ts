import { InvalidOptionError } from '@keyslot/kernel';

/** @throws {InvalidOptionError} for a choice that there is not */
export function mustBeOneOf(option: string, received: string, allowed: readonly string[]): void {
  if (!allowed.includes(received)) throw new InvalidOptionError(option, received, allowed.join(', '));
}
