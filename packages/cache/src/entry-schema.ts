import { InvalidOptionError } from '@keyslot/kernel';

/**
 * What checks whether a value is still of the form that the program expects: any schema that follows Standard Schema 1,
 * as those of zod, valibot and arktype do. It is asked for a verdict only: the value is served as it was stored, also if
 * the schema would change it.
 */
export interface Schema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): SchemaAnswer | Promise<SchemaAnswer>;
  };
}

/** A schema's verdict: it is good unless there are `issues`. */
export interface SchemaAnswer {
  readonly issues?: readonly unknown[] | undefined;
}

/** @throws {InvalidOptionError} when it is no schema that can be asked. */
export function schemaOf(schema: unknown, option: string): Schema {
  const standard = isHolder(schema) ? schema['~standard'] : undefined;
  if (isHolder(standard) && standard['version'] === 1 && typeof standard['validate'] === 'function') {
    return schema as Schema;
  }
  throw new InvalidOptionError(option, schema, 'a schema that follows Standard Schema 1');
}

/** @throws {InvalidOptionError} when it is no version that an entry has room for. */
export function versionOf(version: number, option: string): number {
  if (Number.isSafeInteger(version) && version >= 0 && version <= 0xffff_ffff) return version;
  throw new InvalidOptionError(option, version, 'a whole number from 0 to 4 294 967 295');
}

/**
 * Whether a value still fits. A schema that throws says no.
 *
 * @throws {InvalidOptionError} for one that answers later: whoever reads is not made to wait for a check.
 */
export function fits(schema: Schema, value: unknown): boolean {
  let answer: unknown;
  try {
    answer = schema['~standard'].validate(value);
  } catch {
    // A refinement that met what it did not expect. That is an answer, and its message would quote the value.
    return false;
  }
  if (isHolder(answer) && typeof answer['then'] === 'function') {
    // Nobody will ask for it.
    Promise.resolve(answer).catch(() => undefined);
    throw new InvalidOptionError('schema', schema, 'a schema that answers at once, without a promise');
  }
  return isHolder(answer) && answer['issues'] === undefined;
}

function isHolder(value: unknown): value is Record<string, unknown> {
  return value !== null && (typeof value === 'object' || typeof value === 'function');
}
