import { describe, expect, it } from 'vitest';
import { Seeds } from './seeds.ts';
import type { Topology } from './topology.ts';

const configured = [{ host: 'redis.internal', port: 7000 }];
const topology = (...addresses: readonly string[]): Topology => ({
  shards: addresses.map((primary) => ({ id: primary, primary, replicas: [], slots: [] })),
  nodes: new Map(),
  changes: [],
});

describe('seeds', () => {
  it('are what was configured, then what the cluster had last, in the same array', () => {
    const seeds = new Seeds(configured);
    const { nodes } = seeds;
    expect(nodes).toEqual(configured);
    seeds.learn(topology('10.0.0.1:6379', '::1:6380'));
    expect(nodes).toEqual([...configured, { host: '10.0.0.1', port: 6379 }, { host: '::1', port: 6380 }]);
    seeds.learn(topology('10.0.0.2:6379'));
    expect(nodes).toEqual([...configured, { host: '10.0.0.2', port: 6379 }]);
    expect(seeds.nodes).toBe(nodes);
  });

  it('stay what they were while nobody knows the cluster', () => {
    const seeds = new Seeds(configured);
    seeds.learn(topology('10.0.0.1:6379'));
    seeds.learn(topology());
    expect(seeds.nodes).toHaveLength(2);
    expect(configured).toHaveLength(1);
  });
});
