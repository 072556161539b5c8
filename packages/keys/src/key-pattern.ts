import { ParameterError } from './errors.ts';
import type { KeyParser } from './key-parser.ts';
import { encodeParam, paramText } from './param-text.ts';
import { slotOf } from './slot.ts';
import type { TemplateParts } from './template-parts.ts';

/** The keys that a template renders when some of its parameters are given and the others are left open. */
export interface KeyPattern {
  /**
   * The pattern for `SCAN … MATCH`. Of the keys that the template renders it finds exactly the right ones; it may
   * also find keys that something else wrote, which {@link KeyPattern.matches} tells apart.
   */
  readonly glob: string;

  /** The template, safe to log. */
  readonly template: string;

  /** The one slot that holds all matching keys, when the given parameters decide it; else scan every shard. */
  readonly slot: number | undefined;

  /** Whether `text` is a key of the template with the given parameters. */
  matches(text: string): boolean;
}

/** What has a meaning of its own in the server's globs. Of rendered values nothing does. */
const GLOB_SPECIAL = /[*?[\]\\]/g;

/**
 * @param given - values by name, all of them names of the template
 * @param parse - reads a key of the template back, or says that it is none
 */
export function keyPattern(
  { template, head, gaps, params, tagParams }: TemplateParts,
  given: Readonly<Record<string, unknown>>,
  parse: KeyParser,
): KeyPattern {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) {
      const advice = 'is undefined; give it a value, or leave it out to match every value';
      throw new ParameterError('KEYS_MISSING_PARAMETER', template, name, advice);
    }
    texts.set(name, paramText(value, template, name));
  }

  const render = (literal: (text: string) => string) =>
    gaps.reduce((text, { name, after }) => text + (texts.get(name) ?? '*') + literal(after), literal(head));
  const decidesSlot = (tagParams ?? params).every((name) => texts.has(name));

  return {
    template,
    glob: render((text) => text.replace(GLOB_SPECIAL, '\\$&')),
    slot: decidesSlot ? slotOf(render((text) => text)) : undefined,
    matches(text) {
      const found = parse(text);
      return (
        found !== undefined && [...texts].every(([name, value]) => encodeParam(found[name] ?? '') === value)
      );
    },
  };
}
