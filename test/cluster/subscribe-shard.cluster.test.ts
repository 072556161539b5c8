import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient, type Listener, type SubscriptionChange } from '@keyslot/cluster';
import { slotOf } from '@keyslot/keys';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { test } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { keysOn, nodesWith, openClient } from './clients.ts';
import { ownersOf } from './keys-on.ts';

const CONNECTION = 'keyslot-shard-subscriber';

/** A listener that notes what it is told. */
class Notes implements Listener {
  readonly messages: string[] = [];
  readonly states: string[] = [];

  onMessage(message: Buffer): void {
    this.messages.push(message.toString('latin1'));
  }

  onStanding(): void {
    this.states.push('standing');
  }

  onDown(): void {
    this.states.push('down');
  }

  async until(...states: string[]): Promise<void> {
    await expect.poll(() => this.states, { timeout: 20_000, interval: 5 }).toEqual(states);
  }
}

/** How many nodes' clients listen to a channel, by the word of its slot's owner. */
async function listeners(cluster: TestCluster, channel: string): Promise<number> {
  const [, count] = (await cluster.primaryOf(channel).admin.call('PUBSUB', 'SHARDNUMSUB', channel)) as [
    string,
    number,
  ];
  return count;
}

/** How many SSUBSCRIBE a node has refused. */
async function rejections({ admin }: TestNode): Promise<number> {
  const info = await admin.info('commandstats');
  return Number(/^cmdstat_ssubscribe:.*rejected_calls=(\d+)/m.exec(info)?.[1] ?? 0);
}

function spublish(cluster: TestCluster, channel: string, message: string): Promise<unknown> {
  return cluster.primaryOf(channel).admin.spublish(channel, message);
}

describe('a shard subscription', () => {
  test('hears its channel and no other, as bytes, on one connection per primary', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const owners = ownersOf(cluster);
    const channels = owners.flatMap((owner) => keysOn(cluster, owner, 20, 'one'));
    const notes = channels.map((channel) => {
      const each = new Notes();
      client.subscribeShard(channel, each);
      return each;
    });
    for (const each of notes) await each.until('standing');
    for (const channel of channels) await spublish(cluster, channel, `to ${channel}`);
    await expect.poll(() => notes.map(({ messages }) => messages)).toEqual(channels.map((c) => [`to ${c}`]));

    const lists = await Promise.all(owners.map(({ admin }) => admin.client('LIST')));
    const perPrimary = lists.map((list) => String(list).split(` name=${CONNECTION} `).length - 1);
    expect(perPrimary).toEqual(owners.map(() => 1));
  });

  test('of a channel that others listen to costs nothing, and ends with the last of them', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    const [first, second, gone] = [new Notes(), new Notes(), new Notes()];
    const one = client.subscribeShard('shared:{a}', first);
    await first.until('standing');
    expect(one.stands).toBe(true);
    const two = client.subscribeShard('shared:{a}', second);
    await client.subscribeShard('shared:{a}', gone)[Symbol.asyncDispose]();
    await second.until('standing');
    expect(await listeners(cluster, 'shared:{a}')).toBe(1);

    await one[Symbol.asyncDispose]();
    await one[Symbol.asyncDispose]();
    await spublish(cluster, 'shared:{a}', 'x');
    await expect.poll(() => second.messages).toEqual(['x']);
    expect([first.messages, first.states, gone.messages]).toEqual([[], ['standing', 'down'], []]);
    expect([one.stands, two.stands]).toEqual([false, true]);

    await two[Symbol.asyncDispose]();
    expect(two.stands).toBe(false);
    await expect.poll(() => listeners(cluster, 'shared:{a}')).toBe(0);
  });

  test('that begins and ends again and again stands whenever it should', async ({ cluster }) => {
    await using client = await openClient(cluster);
    for (let round = 0; round < 200; round++) {
      const subscription = client.subscribeShard('churn:{a}', new Notes());
      if (round % 3 === 0) await sleep(1);
      await subscription[Symbol.asyncDispose]();
    }
    const notes = new Notes();
    client.subscribeShard('churn:{a}', notes);
    await notes.until('standing');
    await spublish(cluster, 'churn:{a}', 'heard');
    await expect.poll(() => notes.messages).toEqual(['heard']);
    expect(await listeners(cluster, 'churn:{a}')).toBe(1);
  });

  test('leaves no connection behind some seconds after it was the last', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const notes = new Notes();
    const subscription = client.subscribeShard('idle:{a}', notes);
    await notes.until('standing');
    expect(await nodesWith(cluster, CONNECTION)).toHaveLength(1);
    await subscription[Symbol.asyncDispose]();
    await expect.poll(() => nodesWith(cluster, CONNECTION), { timeout: 6_000 }).toEqual([]);
    expect(notes.states).toEqual(['standing', 'down']);

    const later = new Notes();
    client.subscribeShard('idle:{a}', later);
    await later.until('standing');
  });

  test('follows its slot to another primary, and others stay where they are', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const [from, to] = ownersOf(cluster);
    if (from === undefined || to === undefined) throw new Error('there are not two primaries');
    const [moving = '', staying = ''] = keysOn(cluster, from, 2, 'moved');
    const [moves, stays] = [new Notes(), new Notes()];
    client.subscribeShard(moving, moves);
    client.subscribeShard(staying, stays);
    await moves.until('standing');
    await stays.until('standing');

    await cluster.moveSlots({ from, to, slots: [slotOf(moving)] });
    const movedAt = performance.now();
    await moves.until('standing', 'down', 'standing');
    // The node says so; the table is brought up to date only every two seconds.
    expect(performance.now() - movedAt).toBeLessThan(1_500);
    await spublish(cluster, moving, 'heard');
    await expect.poll(() => moves.messages).toEqual(['heard']);
    await spublish(cluster, staying, 'heard');
    await expect.poll(() => stays.messages).toEqual(['heard']);
    expect(stays.states).toEqual(['standing']);
    await cluster.moveSlots({ from: to, to: from, slots: [slotOf(moving)] });
    const backAt = performance.now();
    await moves.until('standing', 'down', 'standing', 'down', 'standing');
    expect(performance.now() - backAt).toBeLessThan(1_500);
  });

  test('follows its slot to a replica that is promoted', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const notes = new Notes();
    client.subscribeShard('promoted:{a}', notes);
    await notes.until('standing');
    await cluster.failover(cluster.primaryOf('promoted:{a}'));
    // The old primary keeps its subscribers, as a replica does.
    await expect.poll(() => listeners(cluster, 'promoted:{a}'), { timeout: 5_000 }).toBe(1);
    await expect.poll(() => notes.states.at(-1)).toBe('standing');
  });

  test.for(['kill', 'freeze'] as const)(
    'stands at the heir of a primary after a %s',
    async (end, { cluster }) => {
      // An application's own `Cluster` has no socket timeout that would notice.
      await using client = new ClusterClient({ cluster: cluster.connect() });
      await client.ready();
      const notes = new Notes();
      client.subscribeShard('heir:{a}', notes);
      await notes.until('standing');
      const primary = cluster.primaryOf('heir:{a}');
      await cluster[end](primary);
      const at = performance.now();
      await notes.until('standing', 'down');
      expect(performance.now() - at).toBeLessThan(3_000);
      await cluster.untilFailedOver(primary);
      await notes.until('standing', 'down', 'standing');
      await spublish(cluster, 'heir:{a}', end);
      await expect.poll(() => notes.messages).toEqual([end]);
    },
  );

  test('does not hammer a node that is gone', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const primary = cluster.primaryOf('gone:{a}');
    const channels = keysOn(cluster, primary, 100, 'gone');
    let downs = 0;
    const count = (message: unknown) => {
      if ((message as SubscriptionChange).state === 'down') downs++;
    };
    const notes = channels.map((channel) => {
      const each = new Notes();
      client.subscribeShard(channel, each);
      return each;
    });
    for (const each of notes) await each.until('standing');
    subscribe('keyslot:cluster.subscription', count);
    try {
      await cluster.kill(primary);
      await cluster.untilFailedOver(primary);
      for (const each of notes) await each.until('standing', 'down', 'standing');
    } finally {
      unsubscribe('keyslot:cluster.subscription', count);
    }
    // A link at a time, with pauses that grow, for however many channels.
    expect(downs).toBeLessThan(60);
  });

  test('may begin before the client is connected, and ends with it', async ({ cluster }) => {
    const client = new ClusterClient({ nodes: cluster.addresses });
    const notes = new Notes();
    const subscription = client.subscribeShard('early:{a}', notes);
    await notes.until('standing');
    await client.close();
    expect([notes.states, subscription.stands]).toEqual([['standing', 'down'], false]);
    await expect.poll(() => nodesWith(cluster, CONNECTION)).toEqual([]);
    expect(() => client.subscribeShard('late', notes)).toThrow('SSUBSCRIBE: the client is closed');
    await subscription[Symbol.asyncDispose]();
  });

  test('that the server refuses says so once, and is not asked for again', async ({ cluster }) => {
    const username = 'no-shard-channels';
    const acl = (...rule: string[]) =>
      Promise.all(cluster.nodes.map(({ admin }) => admin.call('ACL', 'SETUSER', username, ...rule)));
    await acl('on', '>secret', '~*', '&*', '+@all', '-ssubscribe');
    const told: SubscriptionChange[] = [];
    const note = (message: unknown) => void told.push(message as SubscriptionChange);
    subscribe('keyslot:cluster.subscription', note);
    try {
      await using client = await openClient(cluster, { connection: { username, password: 'secret' } });
      const notes = new Notes();
      const subscriptions = ['a', 'b', 'c'].map((tag) => client.subscribeShard(`refused:{${tag}}`, notes));
      await expect.poll(() => told.length).toBe(1);
      await sleep(300);
      expect(told).toEqual([{ state: 'down', why: expect.stringContaining('Redis or Valkey 7.0') }]);
      expect([notes.states, subscriptions.some(({ stands }) => stands)]).toEqual([[], false]);
      // Words of the server up to where they might name somebody.
      expect(told[0]?.why).not.toContain('{a}');

      const before = await Promise.all(cluster.nodes.map(rejections));
      await Promise.all(subscriptions.map((each) => each[Symbol.asyncDispose]()));
      client.subscribeShard('refused:{d}', notes);
      await sleep(100);
      expect(await Promise.all(cluster.nodes.map(rejections))).toEqual(before);
    } finally {
      unsubscribe('keyslot:cluster.subscription', note);
      await Promise.all(cluster.nodes.map(({ admin }) => admin.call('ACL', 'DELUSER', username)));
    }
  });
});
