import { InvalidOptionError } from '@keyslot/kernel';
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, Policies, policyOf } from './freshness.ts';

const schema = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value, issues: undefined }) },
} as const;

describe('how long values are good for', () => {
  it('is what the cache says, then the template, then the call', () => {
    const policies = new Policies({ ttl: '1m', grace: '1h' }, { t: { ttl: '2m', version: 3 } });
    expect(policies.of('other')).toMatchObject({ ttlMs: 60_000, graceMs: 3_600_000 });
    expect(policies.of('t')).toMatchObject({ ttlMs: 120_000, graceMs: 3_600_000, expected: { version: 3 } });
    expect(policies.of('t', { grace: 0, schema })).toMatchObject({
      ttlMs: 120_000,
      graceMs: 0,
      expected: { version: 3, schema },
    });
  });

  it('is made once for calls that say nothing', () => {
    const policies = new Policies({}, { t: {} });
    expect(policies.of('t')).toBe(policies.of('t'));
    expect(policies.of('other')).toEqual(DEFAULT_POLICY);
  });

  it.each([
    ['ttl', 0],
    ['grace', -1],
    ['jitter', 1],
    ['refresh', 'never'],
    ['softTimeout', 0],
    ['hardTimeout', 'soon'],
    ['softTimeout', '25d'],
    ['hardTimeout', 2 ** 31],
    ['earlyRefresh', -1],
    ['earlyRefresh', 101],
    ['negativeTtl', 0],
    ['errorTtl', -1],
    ['sliding', 1],
    ['schema', {}],
    ['version', -1],
  ])('is refused when %s is %j', (option, value) => {
    expect(() => policyOf({ [option]: value }, DEFAULT_POLICY, 'at.')).toThrow(InvalidOptionError);
    expect(() => policyOf({ [option]: value }, DEFAULT_POLICY, 'at.')).toThrow(
      expect.objectContaining({ option: `at.${option}` }),
    );
  });
});
