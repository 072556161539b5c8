import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestCluster } from '@keyslot/testkit';

/** Ways to the nodes of a cluster on which everything takes its time. */
export interface FarAway extends AsyncDisposable {
  readonly natMap: Record<string, { host: string; port: number }>;
}

/** @param roundTripMs - how much longer an answer takes than on the direct way */
export async function farAway(cluster: TestCluster, roundTripMs: number): Promise<FarAway> {
  const sockets = new Set<Socket>();
  const natMap: FarAway['natMap'] = {};
  const servers = await Promise.all(
    cluster.nodes.map(async (node) => {
      const server = createServer((client) => {
        const toNode = connect(node.port, node.host);
        for (const [from, to] of [
          [client, toNode],
          [toNode, client],
        ] as const) {
          sockets.add(from);
          from.on('data', (data) => setTimeout(() => to.write(data), roundTripMs / 2));
          from.on('error', () => {
            // Either end may go first; the other is told by `close`.
          });
          from.on('close', () => void to.destroy());
        }
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      natMap[`${node.host}:${node.port}`] = {
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
      };
      return server;
    }),
  );
  return {
    natMap,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
    },
  };
}
