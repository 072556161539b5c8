import { slotOf } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { test } from '@keyslot/testkit/vitest';
import * as fc from 'fast-check';
import { describe, expect } from 'vitest';
import { anyRendering, anyText } from './templates.ts';

const SAMPLES = 4_000;

/** Keys whose braces have misled other slot functions, the widths of UTF-8, and what is not text at all. */
const KNOWN_HARD = [
  '',
  '{}',
  'a{}b{c}d',
  '{}{c}',
  '}{a}',
  '{{a}}',
  '{a',
  'a{b}{c}',
  '{\u0000}',
  '\u0000\u00ff\n',
  '{é}x',
  '{€}x',
  '{😀}x',
  'é{a}',
  '\ud800',
  '{\udc00}',
  '{\ud83d}\ude00',
  '\ud83d{a}\ude00',
  'x'.repeat(100_000),
];

describe('slotOf', () => {
  test('is what the server says, for any text', async ({ cluster }) => {
    const braced = fc
      .array(fc.oneof(anyText, fc.constantFrom('{', '}', '{}', '}{')))
      .map((texts) => texts.join(''));
    const texts = [...KNOWN_HARD, ...fc.sample(fc.oneof(anyText, braced), SAMPLES)];
    const slots = await serverSlots(cluster, texts);
    expect(texts.filter((text, at) => slotOf(text) !== slots[at])).toEqual([]);
  });
});

describe('a rendered key', () => {
  test('is in the slot that the server computes, and so is its hash tag alone', async ({ cluster }) => {
    const keys = fc.sample(anyRendering, SAMPLES).map(({ template, values }) => template(values));
    const slots = await serverSlots(
      cluster,
      keys.map(({ text }) => text),
    );
    expect(keys.filter(({ slot }, at) => slot !== slots[at])).toEqual([]);

    const tagged = keys.filter(({ hashTag }) => hashTag !== undefined);
    expect(tagged.length).toBeGreaterThan(SAMPLES / 4);
    const tagSlots = await serverSlots(
      cluster,
      tagged.map(({ hashTag }) => `{${hashTag}}`),
    );
    expect(tagged.filter(({ slot }, at) => slot !== tagSlots[at])).toEqual([]);
  });
});

/** What `CLUSTER KEYSLOT` says of each text, in order, from one node, in one pipeline. */
async function serverSlots({ nodes: [node] }: TestCluster, texts: readonly string[]): Promise<unknown[]> {
  const replies = await node?.admin.pipeline(texts.map((text) => ['cluster', 'KEYSLOT', text])).exec();
  return (replies ?? []).map(([error, slot]) => error ?? slot);
}
