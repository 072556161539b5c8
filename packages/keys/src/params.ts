/**
 * What a parameter may be. A parameter is its text: `42`, `42n` and `'42'` give the same key, and so do `0` and
 * `-0`. Numbers must be finite, and whole numbers at most 2^53 - 1 in size, because above that different ids
 * are the same number; pass such ids as `bigint` or string.
 */
export type ParamValue = string | number | bigint | boolean;

/** The names between `<` and `>` in a template; `string` when the template is not known to the compiler. */
export type ParamName<Template extends string> = string extends Template ? string : NameIn<Template, never>;

type NameIn<Rest extends string, Found extends string> = Rest extends `${string}<${infer Name}>${infer Tail}`
  ? NameIn<Tail, Found | Name>
  : Found;

/**
 * The parameters that a template asks for: `{ readonly id: ParamValue }` for `'places:{place:<id>}:detail'`.
 */
export type ParamsOf<Template extends string> = { readonly [Name in ParamName<Template>]: ParamValue };

/** The parameters read back from a key: always text. */
export type ParsedParams<Template extends string> = { readonly [Name in ParamName<Template>]: string };

/** A template's arguments: none when it has no parameters, else one object. */
export type ParamArguments<Template extends string> = string extends Template
  ? [params?: ParamsOf<Template>]
  : [ParamName<Template>] extends [never]
    ? []
    : [params: ParamsOf<Template>];
