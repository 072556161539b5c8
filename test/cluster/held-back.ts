import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestNode } from '@keyslot/testkit';

/** A way to a node that can keep what is sent to it. */
export interface HeldBack extends AsyncDisposable {
  readonly host: string;
  readonly port: number;

  /** From now on nothing reaches the node; what it says still comes back. */
  hold(): void;

  /** How many bytes are kept. */
  kept(): number;
  release(): void;

  /** Ends all connections, and what is kept with them. */
  cut(): void;
}

/** Opens another way to a node, on a port of its own. */
export async function heldBack(node: TestNode): Promise<HeldBack> {
  const sockets = new Set<Socket>();
  let isHeld = false;
  let waiting: (() => void)[] = [];
  let bytes = 0;
  const server = createServer((client) => {
    const toNode = connect(node.port, node.host);
    for (const [socket, other] of [
      [client, toNode],
      [toNode, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {
        // Either end may go first; the other is told by `close`.
      });
      socket.on('close', () => void other.destroy());
    }
    toNode.pipe(client);
    client.on('data', (data) => {
      if (!isHeld) {
        toNode.write(data);
        return;
      }
      bytes += data.length;
      waiting.push(() => toNode.write(data));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    hold: () => {
      isHeld = true;
    },
    kept: () => bytes,
    release: () => {
      isHeld = false;
      bytes = 0;
      for (const pass of waiting) pass();
      waiting = [];
    },
    cut: () => {
      isHeld = false;
      bytes = 0;
      waiting = [];
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
