import { InvalidOptionError } from '@keyslot/kernel';
import { type Key, type KeyTemplate, key } from '@keyslot/keys';

const NAME = /^[\w.~-]{1,100}$/;

/**
 * Renders a subject's keys. The subject is the hash tag, encoded so that it can neither end it nor be another subject's; the
 * name stands before it and has neither colon nor brace, so no limiter's keys are another's.
 *
 * @throws {InvalidOptionError} for a name that could be mistaken for something else
 */
export function subjectKeys(name: string): (subject: string) => {
  readonly counters: Key<unknown>;
  readonly log: Key<unknown>;
} {
  const counters = templateOf(name, '');
  const log = templateOf(name, ':log');
  return (subject) => ({
    get counters() {
      return counters({ subject });
    },
    get log() {
      return log({ subject });
    },
  });
}

/** The key of a subject's leases. @throws {InvalidOptionError} for a name that could be mistaken for something else */
export function leaseKeys(name: string): (subject: string) => Key<unknown> {
  const leases = templateOf(name, ':leases');
  return (subject) => leases({ subject });
}

function templateOf(name: string, ending: string): KeyTemplate<'<subject>', unknown> {
  if (typeof name !== 'string' || !NAME.test(name))
    throw new InvalidOptionError('name', name, '1 to 100 letters, digits, and . _ ~ -');
  return key(`limits:${name}:{<subject>}${ending}` as '<subject>');
}
