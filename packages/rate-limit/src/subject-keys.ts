import { InvalidOptionError } from '@keyslot/kernel';
import { type Key, key } from '@keyslot/keys';
import { NoSubjectError, RateLimitRangeError } from './errors.ts';

const NAME = /^[\w.~-]{1,100}$/;

/** How long a subject may be: it is in keys, and in memory for each that is denied. */
const LONGEST = 1_024;

/** How many keys are remembered, by each of two generations. To render one costs as much as half a question. */
const REMEMBERED = 2_000;

/** Only short ones are: they come from outside. */
const LONGEST_REMEMBERED = 128;

/** @throws {NoSubjectError} for one that is empty, so that all who have none do not share a limit, or no text */
export function mustBeSubject(subject: unknown): asserts subject is string {
  if (typeof subject !== 'string') throw new NoSubjectError(`a value of type ${typeof subject}`);
  if (subject === '') throw new NoSubjectError('an empty text');
}

/**
 * The keys of one kind that a limiter has: `limits:<name>:{<subject>}` with an ending. The subject is the hash tag, encoded
 * so that it can neither end it nor be another subject's; the name stands before it and has neither colon nor brace, so
 * no limiter's keys are another's.
 */
export class SubjectKeys {
  readonly #render: (subject: string) => Key<unknown>;
  #young = new Map<string, Key<unknown>>();
  #old: ReadonlyMap<string, Key<unknown>> = new Map();

  /** @throws {InvalidOptionError} for a name that could be mistaken for something else */
  constructor(name: string, ending: '' | ':log' | ':leases') {
    if (typeof name !== 'string' || !NAME.test(name))
      throw new InvalidOptionError('name', name, '1 to 100 letters, digits, and . _ ~ -');
    const template = key(`limits:${name}:{<subject>}${ending}` as '<subject>');
    this.#render = (subject) => template({ subject });
  }

  /**
   * @throws {RateLimitRangeError} for a subject that is too long
   * @throws {NoSubjectError} for one that is empty or no text
   */
  of(subject: string): Key<unknown> {
    return this.#young.get(subject) ?? this.#remember(subject);
  }

  #remember(subject: string): Key<unknown> {
    mustBeSubject(subject);
    if (subject.length > LONGEST)
      throw new RateLimitRangeError('subject.length', subject.length, `at most ${LONGEST}; hash longer ones`);
    const rendered = this.#old.get(subject) ?? this.#render(subject);
    if (subject.length > LONGEST_REMEMBERED) return rendered;
    if (this.#young.size >= REMEMBERED) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(subject, rendered);
    return rendered;
  }
}
