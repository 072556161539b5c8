import { ClusterClient } from '@keyslot/cluster';
import type { TestCluster } from '@keyslot/testkit';
import { test } from '@keyslot/testkit/vitest';
import { Cluster } from 'ioredis';
import { describe, expect } from 'vitest';
import { countWrites, keysOn, openClient } from './clients.ts';
import { script } from './scripts.ts';

const ttl = '1m';
const add = script<'counter', { by: number }>(
  "local n = redis.call('INCRBY', KEYS[1], ARGV[1]) redis.call('PEXPIRE', KEYS[1], 60000) return n",
  ['counter'],
  ['by'],
);

/** A client over a `Cluster` that the application made with nothing but ioredis's defaults. */
async function handOver(cluster: TestCluster): Promise<ClusterClient & AsyncDisposable> {
  const client = new ClusterClient({ cluster: cluster.connect() });
  await client.ready();
  return client;
}

describe.each([
  ['its own connections', openClient],
  ["the application's Cluster", handOver],
])('a client with %s', (name, open) => {
  const key = (text: string) => `${name.length}:${text}`;

  test('sets, gets, and deletes, with an expiry and nothing else', async ({ cluster }) => {
    await using client = await open(cluster);
    const k = key('value');
    expect(await client.get(k)).toBeNull();
    await client.set(k, 'Zürich 🏔', { ttl });
    expect(await client.get(k)).toBe('Zürich 🏔');
    expect(await client.call('pttl', [k])).toSatisfy((left: number) => left > 50_000 && left <= 60_000);
    expect([await client.delete(k), await client.delete(k), await client.get(k)]).toEqual([
      'deleted',
      'absent',
      null,
    ]);
  });

  test('keeps bytes as they are, in keys and values', async ({ cluster }) => {
    await using client = await open(cluster);
    const bytes = Buffer.from([0, 255, 13, 10, 128]);
    await client.set(key('bytes'), bytes, { ttl });
    expect(await client.getBuffer(key('bytes'))).toEqual(bytes);
    for (let i = 0; i < 20; i++) {
      const k = Buffer.concat([Buffer.from(key('')), Buffer.from([0xff, i])]);
      await client.call('set', [k, bytes, 'PX', 60_000]);
      expect(await client.call('get', [k], { buffers: true })).toEqual(bytes);
    }
  });

  test('calls any command', async ({ cluster }) => {
    await using client = await open(cluster);
    const k = key('hash');
    expect(await client.call('HSET', [k, 'field', 1])).toBe(1);
    await client.call('pexpire', [k, 60_000]);
    expect(await client.call('hmget', [k, 'field', 'none'])).toEqual(['1', null]);
    expect(await client.call('ping', [])).toBe('PONG');
    await expect(client.call('mget', [key('{a}'), key('{b}')])).rejects.toMatchObject({
      code: 'CLUSTER_CROSS_SLOT',
    });
  });

  test('runs scripts', async ({ cluster }) => {
    await using client = await open(cluster);
    expect(await client.run(add, { counter: key('counter') }, { by: 5 })).toBe(5);
    expect(await client.run(add, { counter: key('counter') }, { by: -2 })).toBe(3);
  });

  test('gives every command of a batch its outcome, in order', async ({ cluster }) => {
    await using client = await open(cluster);
    const keys = Array.from({ length: 100 }, (_, i) => key(`batch:${i}`));
    await client.batch(keys.map((k, i) => ['set', k, `${i}`, 'PX', 60_000]));
    expect(await client.batch(keys.map((k) => ['get', k]))).toEqual(
      keys.map((_, i) => ({ outcome: 'answered', value: `${i}` })),
    );
    expect(await client.batch([])).toEqual([]);
  });

  test('publishes, and hears what is published', async ({ cluster }) => {
    await using client = await open(cluster);
    const heard: string[] = [];
    const { promise: standing, resolve: onStanding } = Promise.withResolvers<void>();
    const { promise: complete, resolve } = Promise.withResolvers<void>();
    client.subscribe(key('channel'), {
      onMessage: (message) => {
        heard.push(message.toString());
        if (heard.length === 20) resolve();
      },
      onStanding,
      onDown: () => {},
    });
    await standing;
    for (let i = 0; i < 20; i++) await client.publish(key('channel'), `${i}`);
    await complete;
    expect(heard.toSorted()).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`).toSorted());
  });
});

describe('a batch', () => {
  test('loses nothing to a command that fails', async ({ cluster }) => {
    await using client = await openClient(cluster);
    await client.set('mixed:{s}', 'text', { ttl });
    await client.set('mixed:other', 'text', { ttl });
    const outcomes = await client.batch([
      ['get', 'mixed:{s}'],
      ['incr', 'mixed:{s}'],
      ['lpush', 'mixed:{s}', 'x'],
      ['mget', 'mixed:{s}', 'mixed:other'],
      ['eval', "return redis.call('get', 'mixed:other')", 1, 'mixed:{s}'],
      ['no-such-command', 'mixed:{s}'],
      ['subscribe', 'mixed:{s}'],
      ['get', 'mixed:other'],
    ]);
    expect(outcomes.map((each) => (each.outcome === 'answered' ? each.value : each.error))).toMatchObject([
      'text',
      { code: 'CLUSTER_COMMAND_FAILED', reply: 'ERR' },
      { code: 'CLUSTER_COMMAND_FAILED', reply: 'WRONGTYPE' },
      { code: 'CLUSTER_CROSS_SLOT' },
      { code: 'CLUSTER_COMMAND_FAILED', reply: 'ERR' },
      { code: 'CLUSTER_COMMAND_FAILED', reply: 'ERR' },
      { code: 'KERNEL_INVALID_OPTION' },
      'text',
    ]);
  });
});

describe('one tick', () => {
  test('is one write to each primary, for text and for bytes, in batches and beside each other', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    const keys = Array.from({ length: 300 }, (_, i) => `tick:${i}`);
    await client.batch(keys.map((k) => ['set', k, 'x', 'PX', 60_000]));

    const rounds: (() => Promise<unknown>)[] = [
      () => Promise.all(keys.map((k) => client.get(k))),
      () => client.batch(keys.map((k) => ['get', k])),
      () => Promise.all(keys.map((k, i) => client.set(k, i % 2 ? 'text' : Buffer.from('bytes'), { ttl }))),
    ];
    for (const round of rounds) {
      using writes = countWrites();
      await round();
      expect(cluster.primaries.map(({ port }) => writes.to(port))).toEqual(cluster.primaries.map(() => 1));
    }
  });

  test('keeps the order of commands of one slot', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const [k = ''] = keysOn(cluster, cluster.primaryOf(0), 1, 'order');
    await client.call('del', [k]);
    void client.call('pexpire', [k, 60_000]);
    const pushed = await Promise.all(
      Array.from({ length: 200 }, (_, i) => client.call('rpush', [k, i % 3 ? `${i}` : Buffer.from(`${i}`)])),
    );
    await client.call('pexpire', [k, 60_000]);
    expect(pushed).toEqual(pushed.map((_, i) => i + 1));
    expect(await client.call('lrange', [k, 0, -1])).toEqual(pushed.map((_, i) => `${i}`));
  });
});

describe('a handed-over Cluster', () => {
  test('stays usable after close, with no listener left behind', async ({ cluster }) => {
    const application: Cluster = cluster.connect();
    const events = ['error', 'node error', 'refresh', '+node', '-node', 'end', 'close', 'ready'];
    const listeners = () => events.map((event) => application.listenerCount(event));
    await application.ping();
    const before = listeners();

    const client = new ClusterClient({ cluster: application });
    await client.set('handed-over', '1', { ttl });
    await client.close();
    await expect(client.get('handed-over')).rejects.toMatchObject({ code: 'CLUSTER_CLIENT_CLOSED' });
    expect(listeners()).toEqual(before);
    expect(await application.get('handed-over')).toBe('1');
  });

  test('that connects lazily is connected by the first call', async ({ cluster }) => {
    for (const first of ['ready', 'get'] as const) {
      const application = cluster.connect({ lazyConnect: true });
      await using client = new ClusterClient({ cluster: application, deadline: '5s' });
      expect(application.status).toBe('wait');
      await (first === 'ready' ? client.ready() : client.get('lazy'));
      expect(application.status).not.toBe('wait');
    }
  });

  test('does not end calls by its own commandTimeout, and keeps no timer of it', async ({ cluster }) => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const application = cluster.connect({ redisOptions: { commandTimeout: 500 } });
    await using client = new ClusterClient({ cluster: application, deadline: '5s' });
    await client.ready();
    await client.set('timeout', '1', { ttl });
    const before = timers();
    await client.batch(Array.from({ length: 500 }, () => ['get', 'timeout']));
    expect(timers() - before).toBeLessThan(10);

    const node = cluster.primaryOf('timeout');
    await cluster.freeze(node);
    const read = client.get('timeout');
    setTimeout(() => void cluster.thaw(node), 800);
    expect(await read).toBe('1');
  });
});
