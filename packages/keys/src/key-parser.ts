import { decodeParam, ENCODED_ALPHABET } from './param-text.ts';
import type { TemplateParts } from './template-parts.ts';

/** Reads the parameters back from a text that a template renders, and only from such a text. */
export type KeyParser = (text: string) => Readonly<Record<string, string>> | undefined;

/**
 * The parser of a template. Takes time linear in the text: what stands between two parameters has a character
 * that no value contains, so each value can end in one place only.
 */
export function keyParser({ head, gaps }: TemplateParts): KeyParser {
  const group = `([${ENCODED_ALPHABET}]+)`;
  const form = new RegExp(`^${[head, ...gaps.map(({ after }) => after)].map(escaped).join(group)}$`);

  return (text) => {
    const texts = form.exec(text);
    if (texts === null) return undefined;
    const found = new Map<string, string>();
    for (const [at, { name }] of gaps.entries()) {
      const value = decodeParam(texts[at + 1] ?? '');
      if (value === undefined || (found.get(name) ?? value) !== value) return undefined;
      found.set(name, value);
    }
    // Not by assignment: a parameter may be called __proto__.
    return Object.fromEntries(found);
  };
}

function escaped(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
