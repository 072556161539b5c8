import { test as base, expect, type TestAPI } from 'vitest';
import { violations } from './invariants.ts';
import type { TestClusterOptions } from './options.ts';
import { TestCluster } from './test-cluster.ts';

/** What a test of {@link test} may ask for. */
export interface ClusterFixtures {
  /** How the file's cluster is made; set it with {@link testWith}. */
  clusterOptions: TestClusterOptions;

  /** A real cluster, started once for the file and gone after it. Tests share it, so each uses keys of its own. */
  cluster: TestCluster;

  /** Runs after every test: heals the cluster, then checks it. Nothing to ask for. */
  invariants: void;
}

/**
 * Vitest's `test` with a cluster, and an invariant checked after every test, whatever the test is about: no key
 * without expiry, no lease left behind. A violation fails the test that left it, and is removed, so that the next
 * one begins clean. Nodes that the test killed or froze are brought back first.
 *
 * Not for `test.concurrent`: what one test is in the middle of, the end of another would find.
 */
export const test: TestAPI<ClusterFixtures> = base.extend<ClusterFixtures>({
  clusterOptions: [{}, { scope: 'file' }],

  cluster: [
    async ({ clusterOptions }, use) => {
      await using cluster = await TestCluster.start(clusterOptions);
      await use(cluster);
    },
    { scope: 'file' },
  ],

  invariants: [
    async ({ cluster }, use) => {
      await use();
      const { withoutExpiry, leases } = await violations(cluster);
      expect(withoutExpiry, 'Invariant: keys left behind that would stay for ever').toEqual([]);
      expect(leases, 'Invariant: leases left behind').toEqual([]);
    },
    { auto: true },
  ],
});

/** The same for a cluster of another shape: `const test = testWith({ replicasPerPrimary: 0 })`. */
export function testWith(options: TestClusterOptions): TestAPI<ClusterFixtures> {
  return test.extend<Pick<ClusterFixtures, 'clusterOptions'>>({
    clusterOptions: [options, { scope: 'file' }],
  });
}
