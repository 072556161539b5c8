import { KeyslotError } from '@keyslot/kernel';

/** What each rule of a template's form asks for. The codes are stable; the sentences may change. */
const TEMPLATE_RULES = {
  KEYS_EMPTY_TEMPLATE: 'write the key as Redis shall see it, with <name> for each parameter',
  KEYS_EMPTY_HASH_TAG: 'put a parameter or some text between the braces, or leave the braces out',
  KEYS_UNBALANCED_BRACES: 'braces are the hash tag: write one { and one } after it, or none',
  KEYS_NESTED_BRACES: 'Redis would end the hash tag at the first }: write one { and one } after it',
  KEYS_SECOND_HASH_TAG: 'Redis would ignore all braces but the first pair: keep one pair',
  KEYS_PARAMETER_SYNTAX:
    'a parameter is < and >, around a name of letters, digits and _ that begins with no digit',
  KEYS_ADJACENT_PARAMETERS:
    "between two parameters, put a character that no rendered value contains, for example ':', or different values would give the same key",
  KEYS_FORBIDDEN_CHARACTER: 'leave out control characters and lone surrogates',
} as const;

/** Which rule of a template's form was broken. */
export type TemplateErrorCode = keyof typeof TEMPLATE_RULES;

/** What was wrong with the parameters that a template was given. */
export type ParameterErrorCode =
  | 'KEYS_MISSING_PARAMETER'
  | 'KEYS_UNKNOWN_PARAMETER'
  | 'KEYS_INVALID_PARAMETER'
  | 'KEYS_PARAMETERS_NOT_AN_OBJECT';

/**
 * A template that cannot give safe keys. Thrown where the template is defined, so before any key exists;
 * correct the template as the message says.
 */
export class TemplateError extends KeyslotError {
  readonly code: TemplateErrorCode;
  readonly template: string;

  constructor(code: TemplateErrorCode, template: string, found: string) {
    super(`key ${shown(template)}: ${found}; ${TEMPLATE_RULES[code]}`);
    this.code = code;
    this.template = template;
  }
}

/**
 * Parameters that a template cannot render. The message names the template and the parameter and never
 * shows a value.
 */
export class ParameterError extends KeyslotError {
  readonly code: ParameterErrorCode;
  readonly template: string;

  /** The parameter, or `undefined` when what was given is no object at all. */
  readonly parameter: string | undefined;

  constructor(code: ParameterErrorCode, template: string, parameter: string | undefined, advice: string) {
    const subject = parameter === undefined ? 'parameters' : `parameter <${parameter}>`;
    super(`key ${shown(template)}: ${subject} ${advice}`);
    this.code = code;
    this.template = template;
    this.parameter = parameter;
  }
}

/** A text that `rawKey` cannot take as a key. The text itself stays out of the message; pass one that is sent unchanged. */
export class RawKeyError extends KeyslotError {
  readonly code = 'KEYS_INVALID_RAW_KEY';

  constructor(template: string, found: string) {
    super(
      `rawKey ${shown(template)}: got ${found}; allowed: a text of at least one character without lone surrogates`,
    );
  }
}

/** Every error that this package throws, so that a `switch` over `code` can be exhaustive. */
export type KeysError = TemplateError | ParameterError | RawKeyError;

/** JSON's escapes keep a control character in a bad template from reaching a terminal. */
function shown(template: string): string {
  return JSON.stringify(template);
}
