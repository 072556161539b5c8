import { InvalidOptionError } from '@keyslot/kernel';
import { describe, expect, it } from 'vitest';
import { guardSettingsOf, type WriteGuardOptions } from './guard-options.ts';

describe('the options of the write guard', () => {
  it('have defaults', () => {
    expect(guardSettingsOf({})).toEqual({
      threshold: 0.85,
      shed: 0.95,
      largeBytes: 65_536,
      smallBytes: 8_192,
      oomForMs: 5_000,
    });
  });

  it('turn it off', () => {
    expect(guardSettingsOf(false)).toBeUndefined();
  });

  it('move the other one along when only one is set', () => {
    expect(guardSettingsOf({ threshold: 0.99 })).toMatchObject({ threshold: 0.99, shed: 0.99 });
    expect(guardSettingsOf({ largeBytes: 100 })).toMatchObject({ largeBytes: 100, smallBytes: 100 });
  });

  it.each<[string, WriteGuardOptions]>([
    ['guard.threshold', { threshold: 0 }],
    ['guard.threshold', { threshold: 1.01 }],
    ['guard.threshold', { threshold: Number.NaN }],
    ['guard.shed', { threshold: 0.9, shed: 0.89 }],
    ['guard.shed', { shed: 1.01 }],
    ['guard.shed', { shed: Number.NaN }],
    ['guard.largeBytes', { largeBytes: -1 }],
    ['guard.largeBytes', { largeBytes: 0.5 }],
    ['guard.smallBytes', { largeBytes: 10, smallBytes: 11 }],
    ['guard.smallBytes', { smallBytes: Number.NaN }],
    ['guard.oomFor', { oomFor: 0 }],
  ])('are refused when they make no sense: %s of %o', (option, options) => {
    expect(() => guardSettingsOf(options)).toThrow(InvalidOptionError);
    expect(() => guardSettingsOf(options)).toThrow(option);
  });
});
