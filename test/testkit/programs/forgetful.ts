import { TestCluster } from '@keyslot/testkit';

/** Starts a cluster, says which processes it is made of, and exits without a word to it. */
const cluster = await TestCluster.start({ primaries: 1, replicasPerPrimary: 0 });
console.log(JSON.stringify(cluster.nodes.map(({ pid }) => pid)));
process.exit();
