import { key } from '@keyslot/keys';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { test } from '@keyslot/testkit/vitest';
import * as fc from 'fast-check';
import { describe, expect } from 'vitest';
import { type AnyTemplate, anyTemplate, valuesOf } from './templates.ts';

const TEMPLATES = 60;

/** Few and hostile values, so that many keys share one and `*` has something to run over. */
const someValue = fc.constantFrom('', 'a', 'b:', '{}', '*', '?', '[a]', '\\', '%', '%-', 'é', '\ud800');

describe('matching', () => {
  test("finds exactly a template's keys when the server scans for its glob", async ({ cluster }) => {
    const client = cluster.connect();
    const stored = fc.sample(anyTemplate, TEMPLATES).map((any) => renderings(any));
    const texts = [...new Set(stored.flatMap((some) => some.texts))];
    await Promise.all(texts.map((text) => client.set(text, '', 'EX', 60)));

    for (const { any, own, given } of stored) {
      const pattern = any.template.matching(given);
      const found = await scan(cluster, pattern.glob);
      const wanted = texts.filter((text) => pattern.matches(text));

      expect(wanted.length).toBeGreaterThan(0);

      // Of what the template itself rendered the glob alone is exact; `matches` weeds out what others wrote.
      expect(own.filter((text) => found.includes(text)).sort()).toEqual(
        own.filter((text) => pattern.matches(text)).sort(),
      );
      expect(found.filter((text) => pattern.matches(text)).sort()).toEqual(wanted.sort());
    }
  });

  test('names a slot whose shard holds every matching key', async ({ cluster }) => {
    const client = cluster.connect();
    const orders = key('shop:<shop>:{user:<user>}:orders:<page>');
    const texts = ['a', 'b', 'c'].flatMap((shop) =>
      [1, 2].flatMap((user) => [1, 2, 3].map((page) => orders({ shop, user, page }).text)),
    );
    await Promise.all(texts.map((text) => client.set(text, '', 'EX', 60)));

    const { glob, slot } = orders.matching({ user: 2 });
    expect(slot).toBe(orders({ shop: 'x', user: 2, page: 9 }).slot);
    const found = await Promise.all(cluster.primaries.map((node) => scanNode(node, glob)));
    const holders = found.filter((onNode) => onNode.length > 0);
    expect(holders.map((onNode) => onNode.sort())).toEqual([
      texts.filter((text) => text.includes('{user:2}')).sort(),
    ]);
  });
});

interface Stored {
  readonly any: AnyTemplate;
  readonly own: readonly string[];
  readonly texts: readonly string[];
  readonly given: Readonly<Record<string, string>>;
}

/** Some keys of a template, some texts that are almost its keys, and parameters to look for, of one of the keys. */
function renderings(any: AnyTemplate): Stored {
  const values = fc.sample(valuesOf(any, someValue), 12);
  const own = values.map((some) => any.template(some).text);
  const almost = own.flatMap((text) => [
    `${text}x`,
    `x${text}`,
    text.replaceAll('%', ':'),
    text.replace(/[:/]/, '::'),
  ]);
  const [names = []] = fc.sample(fc.subarray([...any.names]), 1);
  const given = Object.fromEntries(names.map((name) => [name, values[0]?.[name] ?? '']));
  return { any, own, texts: [...own, ...almost], given };
}

async function scan(cluster: TestCluster, glob: string): Promise<string[]> {
  return (await Promise.all(cluster.primaries.map((node) => scanNode(node, glob)))).flat();
}

async function scanNode({ admin }: TestNode, glob: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = '0';
  do {
    const [next, texts] = await admin.scan(cursor, 'MATCH', glob, 'COUNT', 10_000);
    found.push(...texts);
    cursor = next;
  } while (cursor !== '0');
  return found;
}
