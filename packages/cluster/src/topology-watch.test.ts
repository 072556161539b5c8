import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Cluster, Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import type { Guards } from './guards.ts';
import { TopologyWatch } from './topology-watch.ts';

it('asks another node when one does not answer', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const node = new Redis({ host: '127.0.0.1', port, enableReadyCheck: false, protocol: 2 });
  const cluster = new Cluster([], { lazyConnect: true });
  onTestFinished(() => {
    node.disconnect();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  let asked = 0;
  const any = () => ({ node: ++asked === 1 ? node : undefined, watch: () => {} });
  const watch = new TopologyWatch(cluster, () => ({ any }) as unknown as Guards);
  await watch.ask();
  expect(asked).toBe(2);
}, 10_000);
