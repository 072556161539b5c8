import { ParameterError } from './errors.ts';
import { type Key, RenderedKey } from './key.ts';
import { keyParser } from './key-parser.ts';
import { type KeyPattern, keyPattern } from './key-pattern.ts';
import { paramText } from './param-text.ts';
import type { ParamArguments, ParamsOf, ParsedParams } from './params.ts';
import { PARAM_NAME, type TemplateParts, templateParts } from './template-parts.ts';

/**
 * A template: call it with its parameters and it renders a key.
 *
 * Different parameters always give different keys, and the slot is chosen by what the template puts between
 * its braces and by nothing else.
 */
export interface KeyTemplate<Template extends string, Value> {
  /**
   * Renders the key with these parameters; called without an argument when the template has none.
   *
   * @throws {ParameterError} when a parameter is missing, unknown, or not exactly a text, number, bigint or boolean.
   */
  (...params: ParamArguments<Template>): Key<Value>;

  /** The template as it was written. */
  readonly template: Template;

  /**
   * What keys of this template cannot do because of their hash tag, in one sentence: without one, no two of them
   * are sure to share a slot; with one that holds no parameter, all of them do. `undefined` when nothing is lost.
   */
  readonly givesUp: string | undefined;

  /** The same template, whose keys hold a `V`. Checked by the compiler, at no cost at run time. */
  holds<V>(this: void): KeyTemplate<Template, V>;

  /**
   * The keys with these parameters, whatever the others are. Leave a parameter out to leave it open; one that is
   * there but `undefined` is refused, so that a missing tenant never matches all tenants.
   *
   * @throws {ParameterError} when a parameter is unknown or cannot be rendered.
   */
  matching(this: void, params: Partial<ParamsOf<Template>>): KeyPattern;

  /** The parameters, as text, that render exactly `text`; `undefined` when this template never renders it. */
  parse(this: void, text: string): ParsedParams<Template> | undefined;
}

/**
 * Makes a template from a key as Redis shall see it. `<name>` is a parameter; the braces are the hash tag, whose
 * content alone decides the slot: keys that agree on it live together and can meet in one script.
 *
 * Values are percent-encoded where they are not letters, digits or one of `_ . ~ -`; the empty text is `%-`. Two
 * templates are not compared: that `user:<id>` and `user:me` both give `user:me` is for their author to avoid.
 *
 * @throws {TemplateError} when the template breaks a rule; the message says which and what to do.
 *
 * @example
 * ```ts run
 * import { key } from '@keyslot/keys';
 *
 * const placeById = key('places:{place:<id>}:detail').holds<{ name: string }>();
 *
 * placeById({ id: 42 }).text; // => 'places:{place:42}:detail'
 * placeById({ id: '{x}' }).text; // => 'places:{place:%7Bx%7D}:detail'
 * placeById.parse('places:{place:42}:detail')?.id; // => '42'
 * placeById.matching({}).glob; // => 'places:{place:*}:detail'
 * ```
 */
export function key<const Template extends string>(template: Template): KeyTemplate<Template, unknown> {
  const parts = templateParts(template);
  const parse = keyParser(parts);

  const self = Object.assign(rendererOf(parts), {
    template,
    givesUp: givenUpBy(parts),
    holds: () => self,
    matching: (given: unknown) => keyPattern(parts, checkedNames(parts, given), parse),
    parse,
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- names and value type exist for the compiler only
  return Object.freeze(self) as unknown as KeyTemplate<Template, unknown>;
}

const NO_PARAMS: Params = {};

type Params = Readonly<Record<string, unknown>>;

function rendererOf({
  template,
  head,
  gaps,
  params,
}: TemplateParts): (given?: Params) => RenderedKey<unknown> {
  return (given = NO_PARAMS) => {
    if (!isObject(given) || Object.keys(given).length !== params.length) {
      checkedNames({ template, params }, given);
    }
    let text = head;
    for (const { name, after } of gaps) text += paramText(given[name], template, name) + after;
    return new RenderedKey(text, template);
  };
}

/** `given`, when it is an object that names only parameters of the template. Whether they are all there is for the renderer. */
function checkedNames(
  { template, params }: Pick<TemplateParts, 'template' | 'params'>,
  given: unknown,
): Params {
  const known = params.map((name) => `<${name}>`).join(', ') || 'none';
  if (!isObject(given)) {
    const received = given === null ? 'null' : `a value of type ${typeof given}`;
    throw new ParameterError(
      'KEYS_PARAMETERS_NOT_AN_OBJECT',
      template,
      undefined,
      `got ${received}; allowed: an object with ${known}`,
    );
  }
  const unknown = Object.keys(given).find((name) => !params.includes(name));
  if (unknown !== undefined) {
    // What no template could name may well be data.
    const name = PARAM_NAME.test(unknown) ? unknown : '…';
    throw new ParameterError(
      'KEYS_UNKNOWN_PARAMETER',
      template,
      name,
      `is not in the template; allowed: ${known}`,
    );
  }
  return given;
}

function isObject(given: unknown): given is Params {
  return typeof given === 'object' && given !== null;
}

function givenUpBy({ params, tagParams }: TemplateParts): string | undefined {
  if (tagParams === undefined) {
    return 'Without a hash tag each key has its own slot: no two of them can meet in one script or multi-key command, and finding keys by some of their parameters scans every shard.';
  }
  if (tagParams.length === 0 && params.length > 0) {
    return 'The hash tag holds no parameter, so all keys of this template are in one slot: one shard stores and serves them all.';
  }
  return undefined;
}
