import { test } from '@keyslot/testkit/vitest';
import { expect } from 'vitest';
import { addressOf } from '../../packages/cluster/src/guards.ts';
import { ShardSubscriber } from '../../packages/cluster/src/shard-subscriber.ts';

test('a channel goes where the nodes say, when the table names another node for good', async ({
  cluster,
}) => {
  const ioredis = cluster.connect();
  await ioredis.ping();
  const owner = cluster.primaryOf('table:{a}');
  const another = cluster.primaries.find((node) => node !== owner) ?? owner;
  const asked: string[] = [];
  const subscriber = new ShardSubscriber({
    primaryOf: () => `${another.host}:${another.port}`,
    nodeAt: (address) => {
      asked.push(address);
      return ioredis.nodes('all').find((node) => addressOf(node) === address);
    },
    reachOf: (announced) => announced,
    refreshSoon: () => {},
    onChange: () => () => {},
  });
  try {
    const heard: string[] = [];
    const subscription = subscriber.subscribe('table:{a}', {
      onMessage: (message) => void heard.push(String(message)),
      onStanding: () => void heard.push('standing'),
      onDown: () => {},
    });
    await expect.poll(() => heard).toEqual(['standing']);
    expect(subscription.stands).toBe(true);
    await owner.admin.spublish('table:{a}', 'message');
    await expect.poll(() => heard).toEqual(['standing', 'message']);
    expect(asked).toEqual([another, owner].map(({ host, port }) => `${host}:${port}`));
  } finally {
    subscriber.close();
  }
});

test('nodes that send a channel on and on are asked a few times, then after a pause', async ({ cluster }) => {
  const ioredis = cluster.connect();
  await ioredis.ping();
  const owner = cluster.primaryOf('astray:{a}');
  const another = cluster.primaries.find((node) => node !== owner) ?? owner;
  // However the owner is called, it is the other node that is reached.
  const wrong = ioredis.nodes('all').find((node) => addressOf(node) === `${another.host}:${another.port}`);
  let asked = 0;
  const subscriber = new ShardSubscriber({
    primaryOf: () => `${another.host}:${another.port}`,
    nodeAt: () => {
      asked++;
      return wrong;
    },
    reachOf: (announced) => announced,
    refreshSoon: () => {},
    onChange: () => () => {},
  });
  try {
    const listener = { onMessage: () => {}, onStanding: () => {}, onDown: () => {} };
    const subscription = subscriber.subscribe('astray:{a}', listener);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(subscription.stands).toBe(false);
    expect(asked).toBeGreaterThan(10);
    // Six for each pause of 12 ms at the least.
    expect(asked).toBeLessThan(300);
  } finally {
    subscriber.close();
  }
});
