import type { ClusterClient } from '@keyslot/cluster';
import { InvalidOptionError, systemClock } from '@keyslot/kernel';
import { describe, expect, it } from 'vitest';
import { settingsOf } from './options.ts';

// Checking options asks nothing of the client.
const client = {} as ClusterClient;
const check = (options: object) => settingsOf({ client, ...options });

describe('the options of a cache', () => {
  it('have defaults', () => {
    expect(check({})).toEqual({
      prefix: '',
      channel: 'keyslot::invalidations',
      policies: expect.anything(),
      format: expect.anything(),
      leaseMs: 3_000,
      waitMs: 10_000,
      deleteWithinMs: 1_000,
      local: { ttlMs: 1_000, maxEntries: 10_000, maxBytes: 67_108_864 },
      guard: { threshold: 0.85, shed: 0.95, largeBytes: 65_536, smallBytes: 8_192, oomForMs: 5_000 },
      loaders: { concurrency: 100, queue: 10_000 },
      clock: systemClock,
    });
  });

  it('may be set', () => {
    const clock = { now: () => 0, sleep: () => Promise.resolve() };
    const options = {
      namespace: 'shop-1.a_~',
      ttl: '1h',
      jitter: 0,
      lease: '30ms',
      wait: 1,
      deleteWithin: '2s',
      clock,
      guard: false,
      loaders: { concurrency: 1, queue: 0 },
    };
    expect(check({ ...options, local: { ttl: '2s', maxEntries: 1, maxBytes: 2 } })).toEqual({
      prefix: 'shop-1.a_~:',
      channel: 'keyslot:shop-1.a_~:invalidations',
      policies: expect.anything(),
      format: expect.anything(),
      leaseMs: 30,
      waitMs: 1,
      deleteWithinMs: 2_000,
      local: { ttlMs: 2_000, maxEntries: 1, maxBytes: 2 },
      guard: undefined,
      loaders: { concurrency: 1, queue: 0 },
      clock,
    });
    expect(check({ local: false }).local).toBeUndefined();
  });

  it.each([
    ['namespace', { namespace: '' }, "namespace: got ''"],
    ['namespace', { namespace: 'a:b' }, "namespace: got 'a:b'"],
    ['namespace', { namespace: '{a}' }, "namespace: got '{a}'"],
    ['namespace', { namespace: 'a\n' }, 'namespace: got'],
    ['namespace', { namespace: 'é' }, "namespace: got 'é'"],
    ['namespace', { namespace: 'a'.repeat(101) }, 'namespace: got'],
    ['ttl', { ttl: 0 }, 'ttl: got 0'],
    ['ttl', { ttl: -1 }, 'ttl: got -1'],
    ['ttl', { ttl: Infinity }, 'ttl: got Infinity'],
    ['ttl', { ttl: Number.NaN }, 'ttl: got NaN'],
    ['ttl', { ttl: '5 minutes' }, "ttl: got '5 minutes'"],
    ['jitter', { jitter: -0.1 }, 'jitter: got -0.1'],
    ['jitter', { jitter: 1 }, 'jitter: got 1'],
    ['jitter', { jitter: Number.NaN }, 'jitter: got NaN'],
    ['lease', { lease: 29 }, 'lease: got 29'],
    ['lease', { lease: 'long' }, "lease: got 'long'"],
    ['lease', { lease: '25d' }, "lease: got '25d'; allowed: milliseconds from 30 to 2147483647"],
    ['wait', { wait: 2 ** 31 }, 'wait: got 2147483648'],
    ['deleteWithin', { deleteWithin: '365d' }, "deleteWithin: got '365d'"],
    ['hardTimeout', { hardTimeout: '25d' }, "hardTimeout: got '25d'"],
    ['softTimeout', { softTimeout: '25d' }, "softTimeout: got '25d'"],
    ['wait', { wait: 0 }, 'wait: got 0'],
    ['deleteWithin', { deleteWithin: '0s' }, "deleteWithin: got '0s'"],
    ['local.ttl', { local: { ttl: 0 } }, 'local.ttl: got 0'],
    ['local.maxEntries', { local: { maxEntries: 0 } }, 'local.maxEntries: got 0'],
    ['local.maxEntries', { local: { maxEntries: 1.5 } }, 'local.maxEntries: got 1.5'],
    ['local.maxBytes', { local: { maxBytes: -1 } }, 'local.maxBytes: got -1'],
    ['local.maxBytes', { local: { maxBytes: Infinity } }, 'local.maxBytes: got Infinity'],
    ['loaders.concurrency', { loaders: { concurrency: 0 } }, 'loaders.concurrency: got 0'],
    ['maxEntryBytes', { maxEntryBytes: 0 }, 'maxEntryBytes: got 0'],
    ["keys['t'].ttl", { keys: { t: { ttl: 0 } } }, "keys['t'].ttl: got 0"],
  ])('are refused when %s cannot be used: %j', (option, options, message) => {
    expect(() => check(options)).toThrow(InvalidOptionError);
    expect(() => check(options)).toThrow(expect.objectContaining({ option }));
    expect(() => check(options)).toThrow(message);
  });
});
