import { isKeyslotError } from '@keyslot/kernel';
import { describe, expect, it } from 'vitest';
import {
  CacheClosedError,
  EntryTooLargeError,
  InvalidTenantError,
  LoaderFailedError,
  LoaderOverloadedError,
  UnencodableValueError,
} from './errors.ts';

describe('errors', () => {
  const template = 'places:{place:<id>}:detail';
  const cause = new Error('the password of 42 is secret');

  it.each([
    [new LoaderFailedError(template, { cause }), 'CACHE_LOADER_FAILED', true],
    [new UnencodableValueError(template, 'it is undefined'), 'CACHE_UNENCODABLE_VALUE', false],
    [new EntryTooLargeError(template, 9, 8), 'CACHE_ENTRY_TOO_LARGE', false],
    [new LoaderOverloadedError(template, { concurrency: 1, queue: 2 }), 'CACHE_LOADER_OVERLOADED', true],
    [new InvalidTenantError('an empty text'), 'CACHE_INVALID_TENANT', false],
    [new CacheClosedError(), 'CACHE_CLOSED', false],
  ])('%s', (error, code, retryable) => {
    expect(isKeyslotError(error)).toBe(true);
    expect(error).toMatchObject({ code, retryable });
  });

  it('name the template, and of what a loader said nothing but the cause', () => {
    const error = new LoaderFailedError(template, { cause });
    expect(error.message).toContain(template);
    expect(error.message).not.toContain('secret');
    expect(error.cause).toBe(cause);
    expect(new UnencodableValueError(template, 'it is undefined').message).toContain(template);
    expect(new LoaderOverloadedError(template, { concurrency: 1, queue: 2 }).message).toContain(template);
  });
});
