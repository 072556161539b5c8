import { InvalidOptionError } from '@keyslot/kernel';
import { type Key, type KeyTemplate, key } from '@keyslot/keys';

const NAME = /^[\w.~-]{1,100}$/;

/** Where a subject's counters and its log lie: in one slot. Each is rendered when it is asked for. */
export class SubjectKeys {
  readonly #templates: Templates;
  readonly #subject: string;

  constructor(templates: Templates, subject: string) {
    this.#templates = templates;
    this.#subject = subject;
  }

  get counters(): Key<unknown> {
    return this.#templates.counters({ subject: this.#subject });
  }

  get log(): Key<unknown> {
    return this.#templates.log({ subject: this.#subject });
  }
}

type Template = KeyTemplate<'<subject>', unknown>;

interface Templates {
  readonly counters: Template;
  readonly log: Template;
}

/**
 * Renders a subject's keys. The subject is the hash tag, encoded so that it can neither end it nor be another subject's; the
 * name stands before it and has neither colon nor brace, so no limiter's keys are another's.
 *
 * @throws {InvalidOptionError} for a name that could be mistaken for something else
 */
export function subjectKeys(name: string): (subject: string) => SubjectKeys {
  const templates = { counters: templateOf(name, ''), log: templateOf(name, ':log') };
  return (subject) => new SubjectKeys(templates, subject);
}

/** The key of a subject's leases. @throws {InvalidOptionError} for a name that could be mistaken for something else */
export function leaseKeys(name: string): (subject: string) => Key<unknown> {
  const leases = templateOf(name, ':leases');
  return (subject) => leases({ subject });
}

function templateOf(name: string, ending: string): Template {
  if (typeof name !== 'string' || !NAME.test(name))
    throw new InvalidOptionError('name', name, '1 to 100 letters, digits, and . _ ~ -');
  return key(`limits:${name}:{<subject>}${ending}` as '<subject>');
}
