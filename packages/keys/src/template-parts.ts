import { InvalidOptionError } from '@keyslot/kernel';
import { TemplateError } from './errors.ts';
import { ENCODED_ALPHABET } from './param-text.ts';

/** A template taken apart: a key is `head`, then for each gap the parameter's text and `after`. */
export interface TemplateParts {
  readonly template: string;
  readonly head: string;
  readonly gaps: readonly Gap[];

  /** Every parameter's name once; a name may stand in several gaps. */
  readonly params: readonly string[];

  /** The names inside the braces, or `undefined` when there are no braces. */
  readonly tagParams: readonly string[] | undefined;
}

/** A place for a parameter, and the text between it and the next one. */
interface Gap {
  readonly name: string;
  readonly after: string;
}

const PARAM_OR_STRAY = /<([^<>]*)>|[<>]/g;
/** The form of a parameter's name. */
export const PARAM_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FORBIDDEN = /[\p{Cc}\p{Surrogate}]/u;
const SEPARATOR = new RegExp(`[^${ENCODED_ALPHABET}]`);

/**
 * Takes a template apart and checks it.
 *
 * The text between two parameters has a character that no rendered value contains, so the end of the first
 * value can be told from the beginning of the second: different parameters never give the same key.
 *
 * @throws {TemplateError} when a rule is broken.
 */
export function templateParts(template: string): TemplateParts {
  if (typeof template !== 'string') throw new InvalidOptionError('template', template, 'a string');
  if (template === '') throw new TemplateError('KEYS_EMPTY_TEMPLATE', template, 'the template is empty');
  if (FORBIDDEN.test(template)) {
    throw new TemplateError('KEYS_FORBIDDEN_CHARACTER', template, 'a character cannot be part of a key');
  }
  const found = [...template.matchAll(PARAM_OR_STRAY)].map(({ 0: token, 1: name, index }) => {
    if (name !== undefined && PARAM_NAME.test(name)) return { name, start: index, end: index + token.length };
    throw new TemplateError('KEYS_PARAMETER_SYNTAX', template, `${token} is no parameter`);
  });
  const gaps = found.map(({ name, end }, at) => {
    const following = found[at + 1];
    const after = template.slice(end, following?.start);
    if (following && !SEPARATOR.test(after)) {
      const problem = `nothing keeps <${name}> and <${following.name}> apart`;
      throw new TemplateError('KEYS_ADJACENT_PARAMETERS', template, problem);
    }
    return { name, after };
  });
  const braces = bracesOf(template);
  const tagged = braces && found.filter(({ start }) => start > braces.open && start < braces.close);
  return {
    template,
    head: template.slice(0, found[0]?.start),
    gaps,
    params: distinctNames(found),
    tagParams: tagged && distinctNames(tagged),
  };
}

function distinctNames(found: readonly { readonly name: string }[]): readonly string[] {
  return [...new Set(found.map(({ name }) => name))];
}

/** Where the hash tag is, by the server's rule: from the first `{` to the first `}` after it. */
function bracesOf(template: string): { open: number; close: number } | undefined {
  const open = template.indexOf('{');
  const close = template.indexOf('}');
  if (open === -1 && close === -1) return undefined;
  if (close === -1) throw new TemplateError('KEYS_UNBALANCED_BRACES', template, 'a { is never closed');
  if (open === -1 || close < open) {
    throw new TemplateError('KEYS_UNBALANCED_BRACES', template, 'a } closes nothing');
  }
  if (close === open + 1) throw new TemplateError('KEYS_EMPTY_HASH_TAG', template, 'the hash tag is empty');

  const secondOpen = template.indexOf('{', open + 1);
  if (secondOpen !== -1 && secondOpen < close) {
    throw new TemplateError('KEYS_NESTED_BRACES', template, 'there is a { inside the hash tag');
  }
  if (secondOpen !== -1) throw new TemplateError('KEYS_SECOND_HASH_TAG', template, 'there is a second {');
  if (template.includes('}', close + 1)) {
    throw new TemplateError('KEYS_UNBALANCED_BRACES', template, 'a second } closes nothing');
  }
  return { open, close };
}
