import { Cluster } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { ClusterClient } from './client.ts';
import { ConnectionTrouble } from './connection-trouble.ts';
import { type ClusterClientOptions, settingsOf } from './options.ts';

const nodes = [{ host: '127.0.0.1', port: 1 }];

describe('options that cannot be used', () => {
  it.each<[unknown, string]>([
    [{ nodes: [] }, 'nodes: got an empty array; allowed: at least one address, like { host, port }'],
    [{ nodes: 'localhost' }, "nodes: got 'localhost'; allowed: at least one address, like { host, port }"],
    [{}, 'nodes: got undefined; allowed: at least one address, like { host, port }'],
    [{ cluster: {} }, 'cluster: got an object; allowed: an ioredis Cluster; for addresses use `nodes`'],
    [{ nodes, selfCheck: 'no' }, "selfCheck: got 'no'; allowed: true or false"],
    [{ nodes, deadline: 0 }, 'deadline: got 0; allowed: milliseconds from 1 up'],
    [{ nodes, deadline: '25d' }, "deadline: got '25d'; allowed: milliseconds from 1 to 2147483647"],
    [{ nodes, deadline: -1 }, 'deadline: got -1; allowed: milliseconds from 1 up'],
    [{ nodes, deadline: Number.NaN }, 'deadline: got NaN; allowed: milliseconds from 1 up'],
    [{ nodes, deadline: '5 minutes' }, "deadline: got '5 minutes'; allowed: milliseconds from 1 up"],
  ])('%j are refused with the rule and the value', (options, message) => {
    expect(() => new ClusterClient(options as ClusterClientOptions)).toThrow(message);
  });

  it("of a call end the call, with the option's name", async () => {
    await using client = new ClusterClient({ nodes });
    const deadline = 0;
    await expect(client.get('k', { deadline })).rejects.toThrow(/^deadline: got 0/);
    await expect(client.set('k', 'v', { ttl: -5 })).rejects.toThrow(/^ttl: got -5/);
    await expect(client.call('get', ['k'], { deadline })).rejects.toThrow(/^deadline: got 0/);
    await expect(client.call('blpop', ['k', 0])).rejects.toThrow(/^name: got 'blpop'/);
    await expect(client.ready('soon' as '1s')).rejects.toThrow(/^within: got 'soon'/);
  });
});

describe('a Cluster with a keyPrefix', () => {
  it.each([{ keyPrefix: 'shop:' }, { redisOptions: { keyPrefix: 'shop:' } }])('is refused: %j', (options) => {
    const cluster = new Cluster(nodes, { ...options, lazyConnect: true });
    expect(() => new ClusterClient({ cluster })).toThrow(
      "cluster.options.keyPrefix: got 'shop:'; allowed: none; Keyslot sends keys as they are",
    );
  });
});

describe('settings', () => {
  it('of a cluster of our own leave no retry and no queue to ioredis', () => {
    const { cluster, isOurs, deadlineMs } = settingsOf({ nodes, deadline: '1.5s' });
    cluster.disconnect();
    expect([isOurs, deadlineMs]).toEqual([true, 1500]);
    expect(cluster.options).toMatchObject({
      retryDelayOnFailover: 0,
      enableAutoPipelining: false,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      clusterNodeRetryStrategy: null,
      scaleReads: 'master',
    });
    // It would outlive a disconnect.
    expect(cluster.options.slotsRefreshInterval).toBeUndefined();
    const delays = Array.from({ length: 50 }, (_, attempt) =>
      cluster.options.clusterRetryStrategy?.(attempt + 1),
    );
    expect(delays.every((delay) => typeof delay === 'number' && delay > 0 && delay <= 2000)).toBe(true);
  });

  it('of a connection pass credentials on, and nothing that would undo our own', () => {
    const connection = {
      username: 'u',
      password: 'p',
      socketTimeout: 9,
      natMap: { 'a:1': { host: 'b', port: 2 } },
    };
    const { cluster } = settingsOf({ nodes, connection });
    cluster.disconnect();
    expect(cluster.options.redisOptions).toMatchObject({ username: 'u', password: 'p', socketTimeout: 6000 });
    expect(cluster.options.natMap).toBe(connection.natMap);
  });

  it('of a handed-over cluster are its own', () => {
    const cluster = new Cluster(nodes, { lazyConnect: true });
    expect(settingsOf({ cluster, selfCheck: false })).toEqual({
      cluster,
      selfCheck: false,
      trouble: expect.any(ConnectionTrouble),
      seeds: undefined,
      isOurs: false,
      deadlineMs: 250,
      policy: { bulkhead: { inFlight: 512, queue: 2_048 }, breaker: { threshold: 5, probeAfterMs: 500 } },
    });
  });
});
