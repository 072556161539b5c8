import { TestCluster } from '@keyslot/testkit';

/**
 * Starts a cluster, freezes one of its nodes, says which processes it is made of, and then ends as its argument
 * tells: `wait` for a signal, `throw`, `reject`, or `abort` without any handler being run.
 */
const cluster = await TestCluster.start({ primaries: 2, replicasPerPrimary: 0 });
await cluster.freeze(cluster.primaryOf(0));
process.stdout.write(`${JSON.stringify(cluster.nodes.map(({ pid }) => pid))}\n`, end);

function end(): void {
  switch (process.argv[2]) {
    case 'throw':
      throw new Error('crashed on purpose');
    case 'reject':
      void Promise.reject(new Error('crashed on purpose'));
      break;
    case 'abort':
      process.abort();
      break;
    case 'own-handler':
      process.on('SIGINT', () => {
        void cluster[Symbol.asyncDispose]().then(() => process.exit(7));
      });
      break;
    default:
  }
}
