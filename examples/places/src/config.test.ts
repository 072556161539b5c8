import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

describe('readConfig', () => {
  it('needs no more than the cluster', () => {
    expect(readConfig({ REDIS_NODES: '127.0.0.1:7000, redis-2:7001', DATABASE_URL: '' })).toEqual({
      redisNodes: [
        { host: '127.0.0.1', port: 7000 },
        { host: 'redis-2', port: 7001 },
      ],
      databaseUrl: undefined,
      cacheDir: expect.stringMatching(/keyslot$/),
      port: 3000,
    });
  });

  it.each([
    [{}, 'REDIS_NODES: not set'],
    [{ REDIS_NODES: 'localhost' }, 'REDIS_NODES: allowed: host:port'],
    [{ REDIS_NODES: 'a:1,' }, 'REDIS_NODES: allowed: host:port'],
    [{ REDIS_NODES: 'a:1', DATABASE_URL: 'mysql://x' }, 'DATABASE_URL: allowed: a postgresql:// URL'],
    [{ REDIS_NODES: 'a:1', PORT: '70000' }, 'PORT: '],
  ])('refuses %j and names the variable', (env, message) => {
    expect(() => readConfig(env)).toThrow(message);
  });
});
