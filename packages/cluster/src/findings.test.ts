import { describe, expect, it } from 'vitest';
import type { Finding } from './finding.ts';
import { aboutCluster, aboutShard } from './findings.ts';
import type { Inquiry, NodeFacts } from './node-inquiry.ts';
import type { ShardTopology } from './topology.ts';

const shard: ShardTopology = { id: 'id', primary: 'h:1', replicas: ['h:2'], slots: [[0, 16_383]] };
const well: NodeFacts = {
  version: '7.0.15',
  product: 'Redis 7.0.15',
  maxMemory: 1_000_000,
  evictionPolicy: 'allkeys-lru',
  requiresFullCoverage: false,
  clusterState: 'ok',
  clock: { offsetMs: 3, uncertaintyMs: 1 },
  denied: [],
};
const said = (facts: Partial<NodeFacts>): Inquiry => ({ outcome: 'answered', facts: { ...well, ...facts } });
const short = (findings: readonly Finding[]) => findings.map(({ code, severity }) => `${severity} ${code}`);

describe('what is found of a shard', () => {
  it.each<[string, Partial<NodeFacts>, string[]]>([
    ['all is well', {}, []],
    ['an old server', { version: '6.2.14', product: 'Redis 6.2.14' }, ['error VERSION_TOO_OLD']],
    ['a newer one', { version: '8.0.0' }, []],
    ['Valkey', { version: '8.1.1', product: 'Valkey 8.1.1' }, []],
    ['full coverage', { requiresFullCoverage: true }, ['warning FULL_COVERAGE_REQUIRED']],
    ['a hidden configuration', { requiresFullCoverage: undefined }, ['info CONFIG_UNREADABLE']],
    ['no limit of memory', { maxMemory: 0, evictionPolicy: 'noeviction' }, ['warning MEMORY_UNLIMITED']],
    ['no eviction', { evictionPolicy: 'noeviction' }, ['warning EVICTION_OFF']],
    ['a policy for what expires', { evictionPolicy: 'volatile-ttl' }, []],
    ['nothing of memory', { maxMemory: undefined, evictionPolicy: undefined }, []],
    ['a failed cluster', { clusterState: 'fail' }, ['error CLUSTER_DOWN']],
    ['a clock ahead', { clock: { offsetMs: 5_000, uncertaintyMs: 10 } }, ['info CLOCK_OFFSET']],
    ['a clock behind', { clock: { offsetMs: -1_200, uncertaintyMs: 10 } }, ['info CLOCK_OFFSET']],
    ['a clock that may be right', { clock: { offsetMs: -1_200, uncertaintyMs: 300 } }, []],
    ['no clock', { clock: undefined }, []],
    [
      'GET denied',
      { denied: [denied('get', 'always'), denied('info', 'sometimes')] },
      ['error COMMAND_DENIED'],
    ],
    ['INFO denied', { denied: [denied('info', 'sometimes')] }, ['warning COMMAND_DENIED']],
    ['TIME denied', { denied: [denied('time', 'for-the-check')] }, ['info COMMAND_DENIED']],
  ])('%s', (_, facts, expected) => {
    expect(short(aboutShard(shard, said(facts)))).toEqual(expected);
  });

  it('names the address, the shard and the remedy', () => {
    const [found] = aboutShard(
      shard,
      said({ denied: [denied('get', 'always'), denied('cluster|slots', 'always')] }),
    );
    expect(found).toEqual({
      code: 'COMMAND_DENIED',
      severity: 'error',
      shard: 'id',
      message: "h:1: its ACL does not let this client's user run get, cluster|slots.",
      remedy: 'Allow +get +cluster|slots on every node.',
    });
  });

  it('of one that nobody could ask, or that has no replica', () => {
    const found = aboutShard({ ...shard, replicas: [] }, { outcome: 'failed', why: 'WRONGPASS' });
    expect(short(found)).toEqual(['warning NO_REPLICA', 'error NODE_UNREACHABLE']);
    expect(found[1]?.message).toBe('h:1: could not be asked (WRONGPASS).');
  });
});

describe('what is found of the cluster', () => {
  it('is nothing when all slots are served by servers of one version', () => {
    expect(
      aboutCluster({ shards: [shard], nodes: new Map(), changes: [] }, [said({}), said({})], undefined),
    ).toEqual([]);
  });

  it('is that slots belong to nobody, and how many', () => {
    const [found] = aboutCluster(
      { shards: [{ ...shard, slots: [[0, 99]] }], nodes: new Map(), changes: [] },
      [],
      undefined,
    );
    expect(found).toMatchObject({
      code: 'SLOTS_UNCOVERED',
      message: expect.stringMatching(/^16284 of 16384 /),
    });
  });

  it('is that versions differ, and which', () => {
    const inquiries = [said({}), said({ product: 'Valkey 8.1.1' }), { outcome: 'failed', why: '' } as const];
    const [found] = aboutCluster({ shards: [shard], nodes: new Map(), changes: [] }, inquiries, undefined);
    expect(found?.message).toBe('The primaries run different versions: Redis 7.0.15, Valkey 8.1.1.');
  });

  it('is that nobody knows it, and why', () => {
    expect(aboutCluster(undefined, [], 'connect ECONNREFUSED')[0]?.message).toMatch(
      /\(connect ECONNREFUSED\)\.$/,
    );
    expect(aboutCluster(undefined, [], undefined)[0]?.message).toBe(
      'No node has said who serves which slots.',
    );
  });
});

function denied(
  command: string,
  matters: NodeFacts['denied'][number]['matters'],
): NodeFacts['denied'][number] {
  return { command, matters };
}
