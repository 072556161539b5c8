import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tenantAccess } from './tenant-access.ts';

describe('tenantAccess', () => {
  it('gives one rule for keys, which is all text but for its end, whatever the id', () => {
    const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(id, fc.constantFrom('shop', undefined), (tenant, namespace) => {
        const rules = tenantAccess({ tenant, ...(namespace !== undefined && { namespace }) }).split(' ');
        const inner = namespace === undefined ? '' : `${namespace}:`;
        const ofKeys = rules.filter((rule) => /^[%~(]|^allkeys/.test(rule));
        expect(ofKeys).toEqual([`~${inner}@${/@([\w.~%-]+):\*$/.exec(ofKeys[0] ?? '')?.[1]}:*`]);
        const withoutKeys = (other: readonly string[]) => other.filter((rule) => !ofKeys.includes(rule));
        const known = tenantAccess({ tenant: 'acme', ...(namespace !== undefined && { namespace }) }).split(
          ' ',
        );
        expect(withoutKeys(rules)).toEqual(known.filter((rule) => !rule.startsWith('~')));
      }),
    );
  });

  it('is not given to nobody, nor in a namespace that no cache has', () => {
    expect(() => tenantAccess({ tenant: '' })).toThrow(/The id of a tenant: got an empty text/);
    expect(() => tenantAccess({ tenant: undefined as unknown as string })).toThrow(
      /got a value of type undefined/,
    );
    expect(() => tenantAccess({ namespace: 'a b', tenant: 'acme' })).toThrow(/^namespace: got 'a b'/);
  });
});
