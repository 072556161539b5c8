import { z } from 'zod';

/** What callers may send. Each message says what is allowed; the pipe puts the field's name before it. */

const MAX_INT = 2_147_483_647;

export const placeParams = z.strictObject({ id: numberInText({ from: 1, to: MAX_INT, whole: true }) });

export const searchQuery = z.strictObject({
  q: words({ longest: 64 }),
  limit: numberInText({ from: 1, to: 50, whole: true }).default(10),
});

/** A point is taken to about 100 m, so that those who stand next to each other share one list. */
export const nearQuery = z.strictObject({
  lat: numberInText({ from: -90, to: 90 }).transform(toThreeDecimals),
  lon: numberInText({ from: -180, to: 180 }).transform(toThreeDecimals),
  limit: numberInText({ from: 1, to: 50, whole: true }).default(10),
});

export const placeChanges = z
  .strictObject(
    {
      name: words({ longest: 120 }).optional(),
      population: z
        .int({ error: wholeNumber(0, MAX_INT) })
        .min(0, { error: wholeNumber(0, MAX_INT) })
        .max(MAX_INT, { error: wholeNumber(0, MAX_INT) })
        .optional(),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? undefined
          : 'allowed: a JSON object with name, population or both',
    },
  )
  .refine(({ name, population }) => name !== undefined || population !== undefined, {
    error: 'nothing to change; allowed: name, population or both',
  });

export type PlaceParams = z.infer<typeof placeParams>;
export type SearchQuery = z.infer<typeof searchQuery>;
export type NearQuery = z.infer<typeof nearQuery>;
export type PlaceChanges = z.infer<typeof placeChanges>;

interface NumberRange {
  readonly from: number;
  readonly to: number;
  readonly whole?: boolean;
}

/** A number as it comes in a URL. `Number` alone would take `''`, `'0x10'` and `'1e3'` too. */
function numberInText({ from, to, whole = false }: NumberRange) {
  const error = whole ? wholeNumber(from, to) : `allowed: a number from ${from} to ${to}`;
  return z
    .string({ error })
    .regex(whole ? /^\d{1,10}$/ : /^-?\d{1,3}(\.\d{1,15})?$/, { error })
    .transform(Number)
    .refine((value) => value >= from && value <= to, { error });
}

/** Without a negative zero. */
function toThreeDecimals(value: number): number {
  return Math.round(value * 1000) / 1000 + 0;
}

function words({ longest }: { readonly longest: number }) {
  const error = `allowed: 1 to ${longest} characters of text`;
  return (
    z
      .string({ error })
      .trim()
      .min(1, { error })
      .max(longest, { error })
      // Postgres cannot store a zero character, and half a surrogate pair is no character at all.
      .refine((text) => !/\p{Cc}/u.test(text) && text.isWellFormed(), { error })
  );
}

function wholeNumber(from: number, to: number): string {
  return `allowed: a whole number from ${from} to ${to}`;
}
