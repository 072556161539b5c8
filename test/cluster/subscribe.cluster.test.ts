import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient, type Listener } from '@keyslot/cluster';
import type { TestCluster } from '@keyslot/testkit';
import { test } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { nodesWith, openClient } from './clients.ts';

const CONNECTION = 'keyslot-subscriber';

/** A listener that notes what it is told. */
class Notes implements Listener {
  readonly messages: Buffer[] = [];
  readonly states: string[] = [];

  onMessage(message: Buffer): void {
    this.messages.push(message);
  }

  onStanding(): void {
    this.states.push('standing');
  }

  onDown(): void {
    this.states.push('down');
  }

  async until(...states: string[]): Promise<void> {
    await expect.poll(() => this.states, { timeout: 10_000, interval: 5 }).toEqual(states);
  }
}

describe('a subscription', () => {
  test('hears what is published by any node, as the bytes that were sent', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const notes = new Notes();
    client.subscribe('bytes', notes);
    await notes.until('standing');

    const sent = [
      Buffer.from([0xff, 0x00, 0x0d, 0x0a]),
      Buffer.from(''),
      Buffer.from('{"no": json'),
      Buffer.alloc(100_000, 0x80),
    ];
    for (const message of sent) {
      await client.publish('bytes', message);
      await expect.poll(() => notes.messages.at(-1)).toEqual(message);
    }
    await client.publish('another channel', 'x');
    for (const node of cluster.nodes) await node.admin.publish('bytes', 'x');
    await expect.poll(() => notes.messages.length).toBe(sent.length + cluster.nodes.length);
  });

  test('is told within about a second that its node is frozen, and stands elsewhere soon after', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    for (const round of [1, 2]) {
      const notes = new Notes();
      const subscription = client.subscribe(`frozen ${round}`, notes);
      await notes.until('standing');
      const [node] = await nodesWith(cluster, CONNECTION);
      if (node === undefined) throw new Error('no node has the connection');

      await cluster.freeze(node);
      const frozenAt = performance.now();
      await notes.until('standing', 'down');
      expect(performance.now() - frozenAt).toBeLessThan(1500);
      await notes.until('standing', 'down', 'standing');
      // One ping that is missed, one connection: with another try at the frozen node it would be later.
      expect(performance.now() - frozenAt).toBeLessThan(1700);

      // It may be given to the frozen node, and is not given to another one then: it could be heard twice.
      await expect
        .poll(async () => {
          await client.publish(`frozen ${round}`, 'heard').catch(() => 'to be tried again');
          return notes.messages.map(String);
        })
        .toContain('heard');
      await subscription[Symbol.asyncDispose]();
      await cluster.thaw(node);
      await cluster.untilHealthy();
    }
  });

  test('stands again when its connection is killed', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const notes = new Notes();
    client.subscribe('killed', notes);
    await notes.until('standing');
    await Promise.all(cluster.nodes.map(({ admin }) => admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')));
    await notes.until('standing', 'down', 'standing');
    await client.publish('killed', 'heard');
    await expect.poll(() => notes.messages.map(String)).toEqual(['heard']);
  });

  test('that is refused tries again less and less often', async ({ cluster }) => {
    for (const { admin } of cluster.nodes)
      await admin.call('ACL', 'SETUSER', 'deaf', 'on', '>secret', '~*', '+@all', 'resetchannels');
    const connection = { username: 'deaf', password: 'secret' };
    await using client = await openClient(cluster, { connection, selfCheck: false });
    const before = await connectionsTo(cluster);
    const notes = new Notes();
    client.subscribe('refused', notes);
    await sleep(3_000);
    expect(notes.states).toEqual([]);
    const opened = (await connectionsTo(cluster)) - before;
    expect(opened).toBeGreaterThanOrEqual(3);
    expect(opened).toBeLessThanOrEqual(15);

    for (const { admin } of cluster.nodes) await admin.call('ACL', 'SETUSER', 'deaf', 'allchannels');
    await notes.until('standing');
    for (const { admin } of cluster.nodes) await admin.call('ACL', 'DELUSER', 'deaf');
  });

  test('whose listener throws stands all the same, and whoever handles that is told', async ({ cluster }) => {
    const thrown: unknown[] = [];
    using _ = uncaught((error) => void thrown.push(error));
    await using client = await openClient(cluster);
    const states: string[] = [];
    const messages: string[] = [];
    client.subscribe('throws', {
      onMessage: (message) => void messages.push(String(message)),
      onStanding: () => {
        states.push('standing');
        throw new Error('of onStanding');
      },
      onDown: () => {
        states.push('down');
        throw new Error('of onDown');
      },
    });
    await expect.poll(() => states).toEqual(['standing']);
    await Promise.all(cluster.nodes.map(({ admin }) => admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')));
    await expect.poll(() => states).toEqual(['standing', 'down', 'standing']);
    await client.publish('throws', 'heard');
    await expect.poll(() => messages).toEqual(['heard']);
    expect(states).toHaveLength(3);
    expect(thrown.map(String)).toEqual(['Error: of onStanding', 'Error: of onDown', 'Error: of onStanding']);
  });

  test('ends without a connection, a message or a word after it', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const notes = new Notes();
    const subscription = client.subscribe('disposed', notes);
    await notes.until('standing');
    const publishing = Promise.all(Array.from({ length: 50 }, () => client.publish('disposed', 'x')));
    await subscription[Symbol.asyncDispose]();
    const heard = notes.messages.length;
    await publishing;
    await expect.poll(() => nodesWith(cluster, CONNECTION)).toEqual([]);
    await sleep(300);
    expect([notes.messages.length, notes.states]).toEqual([heard, ['standing', 'down']]);
    await subscription[Symbol.asyncDispose]();
  });

  test('hears nothing more once it was ended, not even what came together with its last message', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    const notes = new Notes();
    const subscription = client.subscribe('ended', {
      onMessage: (message) => {
        notes.onMessage(message);
        void subscription[Symbol.asyncDispose]();
      },
      onStanding: () => notes.onStanding(),
      onDown: () => notes.onDown(),
    });
    await notes.until('standing');
    const [node] = await nodesWith(cluster, CONNECTION);
    const pipeline = node?.admin.pipeline();
    for (let i = 0; i < 200; i++) pipeline?.publish('ended', `${i}`);
    await pipeline?.exec();
    await expect.poll(() => nodesWith(cluster, CONNECTION)).toEqual([]);
    expect(notes.messages.map(String)).toEqual(['0']);
  });

  test('that is given up before it stands ends, too', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const notes = new Notes();
    for (const pause of [0, 1, 3, 10]) {
      const subscription = client.subscribe('given up', notes);
      await sleep(pause);
      await subscription[Symbol.asyncDispose]();
    }
    await expect.poll(() => nodesWith(cluster, CONNECTION)).toEqual([]);
  });

  test('may begin before the client is connected, and ends with the client', async ({ cluster }) => {
    const client = new ClusterClient({ nodes: cluster.addresses });
    const notes = new Notes();
    client.subscribe('early', notes);
    await notes.until('standing');
    await client.close();
    expect(notes.states).toEqual(['standing', 'down']);
    await expect.poll(() => nodesWith(cluster, CONNECTION)).toEqual([]);
    expect(() => client.subscribe('late', notes)).toThrow('SUBSCRIBE: the client is closed (executed: no)');
  });
});

/** How many connections the nodes have accepted in all. */
async function connectionsTo(cluster: TestCluster): Promise<number> {
  const infos = await Promise.all(cluster.nodes.map(({ admin }) => admin.info('stats')));
  return infos.reduce(
    (sum, info) => sum + Number(/^total_connections_received:(\d+)/m.exec(info)?.[1] ?? 0),
    0,
  );
}

/** Takes the place of those who handle uncaught exceptions, the test runner among them. */
function uncaught(note: (error: Error) => void): Disposable {
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', note);
  return {
    [Symbol.dispose]: () => {
      process.off('uncaughtException', note);
      for (const other of others) process.on('uncaughtException', other);
    },
  };
}
