import { HEAD_BYTES } from './entry.ts';

/** What is shared of a loader's failure: what kind of error it was. Its message may hold data. */
export interface SharedFailure {
  readonly name: string;
  readonly code: string | undefined;
}

const ERROR = 0x45;

/** What `release.lua` leaves in the place of a lease that somebody waited for: kind, the lease's token, note. */
const ENDED = 0x46;
const LONGEST = 64;
const WORD = /^[\w.-]{1,64}$/;

/** What others are told of an error. */
export function failureOf(error: unknown): SharedFailure {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return { name: wordOf(name) ?? 'Error', code: wordOf(code) };
}

/** A failure as it is told to those who wait: what kind it was, and nothing if it is not to be told. */
export function noteOf(failure: SharedFailure): string {
  return JSON.stringify(failure.code === undefined ? [failure.name] : [failure.name, failure.code]);
}

/** Reads a note; `undefined` for what is none: anybody can publish. */
export function failureIn(note: Buffer): SharedFailure | undefined {
  if (note.length === 0 || note.length > 4 * LONGEST) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(note.toString());
  } catch {
    // Nothing that we wrote.
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const [name, code] = parsed.map(wordOf);
  return name === undefined ? undefined : { name, code };
}

/** An entry that says that loading failed: kind `E`, token, note. It lives for `errorTtl`. */
export function errorEntry(token: Buffer, failure: SharedFailure): Buffer {
  return Buffer.concat([Buffer.of(ERROR), token, Buffer.from(noteOf(failure))]);
}

/** What an error entry says; `undefined` for bytes that are none. */
export function failureOfEntry(bytes: Buffer): SharedFailure | undefined {
  return bytes[0] === ERROR ? failureIn(bytes.subarray(HEAD_BYTES)) : undefined;
}

/** Why a lease ended without a value, where it says so itself; `undefined` for bytes that do not. */
export function failureOfEnded(bytes: Buffer): SharedFailure | undefined {
  return bytes[0] === ENDED ? failureIn(bytes.subarray(HEAD_BYTES)) : undefined;
}

function wordOf(word: unknown): string | undefined {
  return typeof word === 'string' && WORD.test(word) ? word : undefined;
}
