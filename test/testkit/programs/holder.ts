import { TestCluster } from '@keyslot/testkit';

/**
 * Starts a cluster, freezes one of its nodes, says which processes it is made of, and then ends as its argument
 * tells: `wait` for a signal, `throw`, `reject`, or `abort` without any handler being run.
 */
const cluster = await TestCluster.start({ primaries: 2, replicasPerPrimary: 0 });
await cluster.freeze(cluster.primaryOf(0));
process.stdout.write(`${JSON.stringify(cluster.nodes.map(({ pid }) => pid))}\n`, end);

function end(): void {
  const way = process.argv[2];
  if (way === 'throw') throw new Error('crashed on purpose');
  if (way === 'reject') void Promise.reject(new Error('crashed on purpose'));
  if (way === 'abort') process.abort();
  if (way === 'own-handler') {
    process.on('SIGINT', () => {
      void cluster[Symbol.asyncDispose]().then(() => process.exit(7));
    });
  }
}
