import { test } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { MutatedClient, race } from './race-harness.ts';

describe('a value whose load began before a delete returned', () => {
  test('is never read from the cluster afterwards: 20 000 random interleavings', {
    timeout: 240_000,
  }, async ({ cluster }) => {
    const { staleReads, staleKeys, rounds, loads, deletes, sets } = await race({
      addresses: cluster.addresses,
      rounds: 20_000,
    });

    expect({ rounds, staleReads, staleKeys }).toEqual({ rounds: 20_000, staleReads: 0, staleKeys: 0 });
    // The rounds did what they are about.
    expect(loads).toBeGreaterThan(20_000);
    expect(deletes + sets).toBeGreaterThan(20_000);
  });

  test('would be, if the fill did not compare the lease', async ({ cluster }) => {
    const withoutTheCheck = (name: string, text: string) =>
      name === 'fill' ? text.replace('if found == head then', 'if true then') : text;

    const { staleKeys } = await race({
      addresses: cluster.addresses,
      rounds: 2_000,
      makeClient: (nodes) => new MutatedClient(nodes, withoutTheCheck),
    });

    expect(staleKeys).toBeGreaterThan(0);
  });
});
