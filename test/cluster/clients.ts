import { Socket } from 'node:net';
import { ClusterClient, type OwnClusterOptions } from '@keyslot/cluster';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { vi } from 'vitest';

export { keysOn } from './keys-on.ts';

/** A client whose connections to all primaries stand. */
export async function openClient(
  cluster: TestCluster,
  options: Omit<OwnClusterOptions, 'nodes'> = {},
): Promise<ClusterClient> {
  const client = new ClusterClient({ nodes: cluster.addresses, ...options });
  await client.ready();
  return client;
}

/** What became of a promise, and how long that took. */
export type Ended =
  | { readonly value: unknown; readonly error?: undefined; readonly ms: number }
  | { readonly error: Error & { readonly code?: string; readonly executed?: string }; readonly ms: number };

export async function ended(promise: Promise<unknown>): Promise<Ended> {
  const start = performance.now();
  try {
    const value = await promise;
    return { value, ms: performance.now() - start };
  } catch (error) {
    return { error: error as Error, ms: performance.now() - start };
  }
}

/** The codes of those that failed, each once, sorted. */
export function codesOf(ends: readonly Ended[]): string[] {
  const codes = ends.flatMap(({ error }) => (error === undefined ? [] : [error.code ?? String(error)]));
  return [...new Set(codes)].sort();
}

/** Runs workers until it is told to stop, and resolves with all errors that reached them. */
export function load(workers: number, work: (worker: number, round: number) => Promise<void>) {
  const over = new AbortController();
  let rounds = 0;
  const errors: Error[] = [];
  const running = Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      for (let round = 0; !over.signal.aborted; round++) {
        try {
          await work(worker, round);
          rounds++;
        } catch (error) {
          errors.push(error as Error);
        }
      }
    }),
  );
  return {
    rounds: () => rounds,
    stop: async () => {
      over.abort();
      await running;
      return { rounds, errors };
    },
  };
}

/**
 * Counts how often the client's sockets hand something to the system, by the port at the other end. They have a
 * `write` of their own; the testkit's have not.
 */
export function countWrites(): { to(port: number): number; [Symbol.dispose](): void } {
  const spies = [
    vi.spyOn(Socket.prototype, '_write'),
    vi.spyOn(Socket.prototype as Required<Pick<Socket, '_writev'>>, '_writev'),
  ];
  const sockets = () => spies.flatMap(({ mock }) => mock.contexts as unknown as Socket[]);
  return {
    to: (port) =>
      sockets().filter((socket) => Object.hasOwn(socket, 'write') && socket.remotePort === port).length,
    [Symbol.dispose]: () => {
      for (const spy of spies) spy.mockRestore();
    },
  };
}

/** How often a node has executed a command. */
export async function executions(node: TestNode, command: string): Promise<number> {
  const info = await node.admin.info('commandstats');
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(info)?.[1] ?? 0);
}

/** The nodes that have a connection with this name. */
export async function nodesWith(cluster: TestCluster, connectionName: string): Promise<TestNode[]> {
  const running = cluster.nodes.filter(({ state }) => state === 'running');
  const lists = await Promise.all(running.map(({ admin }) => admin.client('LIST')));
  return running.filter((_, i) => String(lists[i]).includes(` name=${connectionName} `));
}
