import { isKeyslotError } from '@keyslot/kernel';
import { type AnyKey, hashTagOf, key, rawKey, slotOf } from '@keyslot/keys';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Namespace, namesOf } from './namespace.ts';
import { Tenant } from './tenant.ts';

/** Ids and keys out of what could be mistaken for syntax, so that those that nearly meet are frequent. */
const tricky = fc.constantFrom(
  '@',
  ':',
  '{',
  '}',
  '%',
  '*',
  '?',
  '[',
  '\\',
  'a',
  '-',
  '%3A',
  '%-',
  'é',
  '😀',
  ' ',
  '\n',
);
const id = fc.oneof(
  fc
    .array(fc.oneof(tricky, fc.constantFrom('\ud800', '\udc00')), { minLength: 1, maxLength: 6 })
    .map((all) => all.join('')),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
);
const text = fc.oneof(
  fc.array(tricky, { minLength: 1, maxLength: 8 }).map((all) => all.join('')),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
);
const prefix = fc.constantFrom('', 'shop:');

interface Owned {
  /** `undefined`: the cache's own. */
  readonly tenant: string | undefined;
  readonly text: string;
}
const owned: fc.Arbitrary<Owned> = fc.record({ tenant: fc.option(id, { nil: undefined }), text });

function keyOf({ tenant, text: inner }: Owned): AnyKey {
  const own = rawKey(inner, { template: 'template' });
  return tenant === undefined ? own : new Tenant(tenant).keyOf(own);
}

describe('a key in a namespace', () => {
  it.each<[namespace: string, tenant: string | undefined, key: string, inCluster: string, localId: string]>([
    ['', undefined, 'places:{42}', 'places:{42}', 'places:{42}'],
    ['shop:', undefined, 'places:{42}', 'shop:places:{42}', 'places:{42}'],
    ['shop:', 'acme', 'places:{42}', 'shop:@acme:places:{42}', '@acme:places:{42}'],
    ['', 'acme', 'places:{42}', '@acme:places:{42}', '@acme:places:{42}'],
    ['shop:', undefined, '@acme:places:{42}', 'shop:@:@acme:places:{42}', '@:@acme:places:{42}'],
    ['', undefined, '@acme:x', '@:@acme:x', '@:@acme:x'],
    ['', undefined, '@:x', '@:@:x', '@:@:x'],
    ['shop:', 'acme:x', 'y', 'shop:@acme%3Ax:y', '@acme%3Ax:y'],
    ['shop:', '{a}', 'y:{b}', 'shop:@%7Ba%7D:y:{b}', '@%7Ba%7D:y:{b}'],
    ['shop:', '\ud800', 'y', 'shop:@%ED%A0%80:y', '@%ED%A0%80:y'],
  ])('%j, tenant %j, %j is %j, and here %j', (namespace, tenant, inner, inCluster, localId) => {
    const its = keyOf({ tenant, text: inner });
    const within = new Namespace(namespace);
    expect(within.inCluster(its)).toMatchObject({ text: inCluster, template: 'template' });
    expect(within.localId(its)).toBe(localId);
  });

  it('is different for different keys and for different tenants, in the cluster and here', () => {
    fc.assert(
      fc.property(prefix, owned, owned, (namespace, one, other) => {
        const within = new Namespace(namespace);
        const isSame = one.tenant === other.tenant && one.text === other.text;
        expect(within.localId(keyOf(one)) === within.localId(keyOf(other))).toBe(isSame);
        expect(within.inCluster(keyOf(one)).text === within.inCluster(keyOf(other)).text).toBe(isSame);
      }),
      { numRuns: 5_000 },
    );
  });

  it("does not become a tenant's by having the text of one", () => {
    fc.assert(
      fc.property(prefix, id, text, (namespace, tenant, inner) => {
        const within = new Namespace(namespace);
        const its = within.localId(keyOf({ tenant, text: inner }));
        expect(within.localId(rawKey(its))).not.toBe(its);
        // Nor another tenant's.
        expect(within.localId(keyOf({ tenant: `${tenant}:`, text: inner }))).not.toBe(its);
      }),
    );
  });

  it('is in the slot of its own hash tag, or without one in that of all its bytes', () => {
    fc.assert(
      fc.property(prefix, owned, (namespace, each) => {
        const its = keyOf(each);
        const inCluster = new Namespace(namespace).inCluster(its);
        expect(inCluster.slot).toBe(slotOf(inCluster.text));
        expect(its.slot).toBe(slotOf(its.text));
        expect(hashTagOf(inCluster.text)).toBe(hashTagOf(each.text));
        expect(its.hashTag).toBe(hashTagOf(each.text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('has an id that its text in the cluster gives, and that gives its text', () => {
    fc.assert(
      fc.property(prefix, owned, (namespace, each) => {
        const within = new Namespace(namespace);
        const { text: inCluster, slot } = within.inCluster(keyOf(each));
        const localId = within.localId(keyOf(each));
        expect(within.idOf(inCluster)).toBe(localId);
        expect(within.keyOf(localId, 'template')).toMatchObject({
          text: inCluster,
          slot,
          template: 'template',
        });
      }),
    );
  });

  it('is sent unchanged: no half of a character is in it, whatever the id', () => {
    fc.assert(
      fc.property(prefix, owned, (namespace, each) => {
        const { text: inCluster } = new Namespace(namespace).inCluster(keyOf(each));
        expect(inCluster.isWellFormed()).toBe(true);
      }),
    );
  });

  it('keeps its template', () => {
    const placeById = key('places:{place:<id>}').holds<string>();
    expect(new Tenant('acme').keyOf(placeById({ id: 1 })).template).toBe('places:{place:<id>}');
  });
});

describe('the id of a tenant', () => {
  it.each<[what: string, id: unknown]>([
    ['an empty text', ''],
    ['a text of 257 characters', 'x'.repeat(257)],
    ['a value of type undefined', undefined],
    ['a value of type number', 42],
    ['a value of type object', { toString: () => 'acme' }],
  ])('is refused when it is %s, and not shown', (what, unusable) => {
    const error: unknown = (() => {
      try {
        return new Tenant(unusable as string);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'CACHE_INVALID_TENANT', message: expect.stringContaining(what) });
    expect(isKeyslotError(error)).toBe(true);
    expect((error as Error).message).not.toContain('xxx');
  });

  it('may be anything else, as long as 256 characters', () => {
    for (const usable of ['x'.repeat(256), '\u{10ffff}'.repeat(128), '\ud800', '*', '@', '..', '0', ' ']) {
      expect(() => new Tenant(usable)).not.toThrow();
    }
  });
});

describe('names of a namespace', () => {
  it('are distinct, with and without one', () => {
    expect(namesOf('shop')).toEqual({ prefix: 'shop:', channel: 'keyslot:shop:invalidations' });
    expect(namesOf(undefined)).toEqual({ prefix: '', channel: 'keyslot::invalidations' });
  });

  it.each(['', '@acme', 'a:b', 'a b', '{a}', 'é', 'x'.repeat(101), 'a\n', 1 as unknown as string])(
    'are refused for %j',
    (namespace) => {
      expect(() => namesOf(namespace)).toThrow(/namespace: got/);
    },
  );
});
