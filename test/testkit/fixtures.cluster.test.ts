import { test, testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';

describe('the invariant after every test', () => {
  test.fails('a key without expiry fails the test that left it', async ({ cluster }) => {
    await cluster.connect().set('for-ever', 'value');
  });

  test('what was left is gone before the next test', async ({ cluster }) => {
    expect(await cluster.connect().exists('for-ever')).toBe(0);
  });

  test.fails('a lease fails the test that left it', async ({ cluster }) => {
    await cluster.connect().set('leased', `L${'t'.repeat(16)}`, 'PX', 60_000);
  });

  test('a lease that is given back a moment later is in order', async ({ cluster }) => {
    await cluster.connect().set('short', `L${'t'.repeat(16)}`, 'PX', 300);
  });

  test('keys of other types are no leases', async ({ cluster }) => {
    const client = cluster.connect();
    await client.hset('hash', 'L', 'L');
    await client.expire('hash', 60);
  });

  test('a killed node is no violation', async ({ cluster }) => {
    await cluster.kill(cluster.primaryOf('x'));
  });

  test('and is brought back before the next test', async ({ cluster }) => {
    expect(cluster.nodes.map(({ state }) => state)).toEqual(cluster.nodes.map(() => 'running'));
  });
});

const small = testWith({ primaries: 1, replicasPerPrimary: 0 });

describe('a cluster of another shape', () => {
  small('has that shape', ({ cluster }) => {
    expect(cluster.nodes).toHaveLength(1);
  });
});
