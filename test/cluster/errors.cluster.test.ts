import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { ClusterClient } from '@keyslot/cluster';
import { isKeyslotError } from '@keyslot/kernel';
import { key } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { test } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { ended, keysOn, openClient } from './clients.ts';
import { script } from './scripts.ts';

const TOKEN = 'geheimnis';

/** The secret in every dress in which it may come back. */
const SECRETS = [
  TOKEN,
  `${TOKEN} with spaces`,
  `it's "${TOKEN}"`,
  `line\r\n${TOKEN}\nline`,
  `Zürich ${TOKEN} 🏔`,
  `${TOKEN}${'x'.repeat(5000)}`,
  `-${TOKEN}: 1.5`,
  `{"token":"${TOKEN}"}`,
];

type Failing = (client: ClusterClient, secret: string, cluster: TestCluster) => Promise<unknown>;

const call =
  (name: string, ...args: string[]): Failing =>
  (client, secret) =>
    client.call(
      name,
      args.map((arg) => arg.replace('SECRET', secret)),
      { safety: 'once' },
    );

const two = script<'a' | 'b'>('return 1', ['a', 'b']);
const says = (text: string) => script<'k', { secret: string }>(text, ['k'], ['secret']);
const tagged = key('t:{<id>}').holds<string>();

const FAILING: Record<string, Failing> = {
  'an unknown command': call('frobnicate', 'SECRET', 'SECRET'),
  'an unknown subcommand': call('object', 'SECRET'),
  'a wrong number of arguments': call('get', 'SECRET', 'SECRET'),
  'an option that does not exist': call('set', 'SECRET', 'SECRET', 'SECRET'),
  'an option that the server repeats': call('expire', 'SECRET', '1', 'SECRET'),
  'no number': call('set', 'SECRET', 'SECRET', 'PX', 'SECRET'),
  'no such group': call('xreadgroup', 'GROUP', 'SECRET', 'SECRET', 'STREAMS', 'SECRET', '>'),
  'a modifier of a user': call('acl', 'setuser', 'someone', 'SECRET'),
  'a parameter of the configuration': call('config', 'set', 'SECRET', 'SECRET'),
  'a node to meet': call('cluster', 'meet', 'SECRET', 'SECRET'),
  'keys in two slots': call('mget', 'SECRET', 'a{SECRET}', 'SECRET2'),
  'a command of its own connection': call('subscribe', 'SECRET'),
  'a hash that is not known': call('evalsha', 'f'.repeat(40), '1', 'SECRET', 'SECRET'),
  'a wrong type': async (client, secret) => {
    await client.set(secret, secret, { ttl: '1m' });
    return client.call('lpush', [secret, secret]);
  },
  'a script that throws': (client, secret) => client.run(says('error(ARGV[1])'), { k: secret }, { secret }),
  'a script that throws its key': (client, secret) =>
    client.run(says('error({err = KEYS[1]})'), { k: secret }, { secret }),
  'a script that says an error': (client, secret) =>
    client.run(says('return redis.error_reply(ARGV[1])'), { k: secret }, { secret }),
  'a script that says it with a code': (client, secret) =>
    client.run(says("return redis.error_reply('OOPS ' .. ARGV[1])"), { k: secret }, { secret }),
  'a script that says more than its arguments': (client, secret) =>
    client.run(
      says("return redis.error_reply('OOPS the' .. ARGV[1] .. 'itself')"),
      { k: secret },
      { secret },
    ),
  'a script that runs into an error': (client, secret) =>
    client.run(says("return redis.call('SET', KEYS[1], ARGV[1], ARGV[1])"), { k: secret }, { secret }),
  'a script that does not compile': call('eval', 'return "SECRET', '1', 'SECRET'),
  'a script with keys in two slots': (client, secret) =>
    client.run(two, { a: `{1}${secret}`, b: `{2}${secret}` }, {}),
  'a script with typed keys in two slots': (client, secret) =>
    client.run(two, { a: tagged({ id: secret }), b: tagged({ id: `${secret}2` }) }, {}),
  'memory that is full': async (client, secret, cluster) => {
    const node = cluster.primaryOf(secret);
    await cluster.setMaxMemory(node, '1mb');
    try {
      return await client.set(secret, secret, { ttl: '1m' });
    } finally {
      await cluster.setMaxMemory(node, '0');
    }
  },
  'a client that is closed': async (_, secret) => {
    const other = new ClusterClient({ nodes: [{ host: '127.0.0.1', port: 1 }] });
    const open = ended(other.set(secret, secret, { ttl: '1m', deadline: '5s' }));
    await other.close();
    expect(isKeyslotError((await open).error)).toBe(true);
    return other.get(secret);
  },
  'a deadline': async (_, secret) => {
    await using other = new ClusterClient({ nodes: [{ host: '127.0.0.1', port: 1 }] });
    return await other.set(secret, secret, { ttl: '1m', deadline: 5 });
  },
};

/** Everything that a log could show of a value. */
const shown = (value: unknown) =>
  `${inspect(value, { depth: 10, showHidden: true, maxStringLength: null })} ${JSON.stringify(value)} ${String(
    value instanceof Error ? value.stack : value,
  )}`;

describe('an error names no key, no argument and no value', () => {
  test.for(Object.entries(FAILING))('%s', async ([, fail], { cluster }) => {
    await using client = await openClient(cluster, { deadline: '2s' });
    for (const secret of SECRETS) {
      const { error } = await ended(fail(client, secret, cluster));
      expect(error).toSatisfy(isKeyslotError);
      expect(shown(error)).not.toContain(TOKEN);
      expect(error?.cause).toBeUndefined();
    }
  });

  test('not even while a node is frozen and its connection is lost', async ({ cluster }) => {
    await using client = await openClient(cluster, { deadline: 200 });
    const node = cluster.primaryOf(0);
    const keys = keysOn(cluster, node, 5, TOKEN);
    await cluster.freeze(node);
    const calls = keys.map((k) => client.call('append', [k, TOKEN]));
    const patient = keys.map((k) => client.call('append', [k, TOKEN], { deadline: '5s' }));
    const ends = await Promise.all([...calls, ...patient].map(ended));
    await cluster.thaw(node);
    expect(new Set(ends.map(({ error }) => error?.code))).toEqual(
      new Set(['CLUSTER_DEADLINE_EXCEEDED', 'CLUSTER_OUTCOME_UNKNOWN']),
    );
    expect(shown(ends.map(({ error }) => error))).not.toContain(TOKEN);
    await client.batch(
      keys.map((k) => ['del', k]),
      { deadline: '5s' },
    );
  });
});

describe('what is told on the channels', () => {
  test('names no key, no value and no password', async ({ cluster }) => {
    const names = ['attempt', 'breaker', 'connection', 'rejection', 'retry', 'subscription'].map(
      (name) => `keyslot:cluster.${name}`,
    );
    const told: unknown[] = [];
    const listen = (message: unknown) => void told.push(message);
    for (const name of names) subscribe(name, listen);
    try {
      await using client = new ClusterClient({
        nodes: cluster.addresses,
        connection: { username: 'nobody', password: TOKEN },
      });
      client.subscribe(TOKEN, {
        onMessage: () => {},
        onStanding: () => {},
        onDown: () => {},
      });
      const { error } = await ended(client.set(TOKEN, TOKEN, { ttl: '1m', deadline: 500 }));
      expect(isKeyslotError(error)).toBe(true);
      expect(shown(error)).not.toContain(TOKEN);
      expect((await ended(client.ready('300ms'))).error).toMatchObject({ code: 'CLUSTER_NOT_CONNECTED' });

      await using other = await openClient(cluster);
      await ended(other.call('frobnicate', [TOKEN]));
    } finally {
      for (const name of names) unsubscribe(name, listen);
    }
    expect(told).toContainEqual(expect.objectContaining({ command: 'frobnicate', failure: 'answered' }));
    expect(told).toContainEqual(
      expect.objectContaining({ state: 'error', why: expect.stringMatching(/WRONGPASS/) }),
    );
    expect(shown(told)).not.toContain(TOKEN);
  });
});
