import { fits, type Schema } from './entry-schema.ts';

/** What a reader wants of a value, apart from its key. */
export interface Expected {
  /** What the value has to fit. @default anything does */
  readonly schema?: Schema | undefined;

  /** The version that it must have been written with. @default 0, none */
  readonly version?: number | undefined;
}

/** Whether whoever wants `wanted` can be answered what another is answered who wants `other`. */
export function isServedBy(other: Expected | undefined, wanted: Expected | undefined): boolean {
  // Nearly always: what the cache or the key's template says.
  if (other === wanted) return true;
  if ((other?.version ?? 0) !== (wanted?.version ?? 0)) return false;
  return wanted?.schema === undefined || wanted.schema === other?.schema;
}

/** Whether a value that was read or loaded for `other` is also one for `wanted`. */
export function isGoodFor(
  value: unknown,
  other: Expected | undefined,
  wanted: Expected | undefined,
): boolean {
  if (isServedBy(other, wanted)) return true;
  if (wanted?.schema === undefined || (other?.version ?? 0) !== (wanted.version ?? 0)) return false;
  try {
    return fits(wanted.schema, value);
  } catch {
    // It cannot be asked. Whoever reads from the cluster is told so.
    return false;
  }
}
