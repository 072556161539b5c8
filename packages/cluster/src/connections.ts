import type { Cluster } from 'ioredis';
import { tellConnectionError } from './channels.ts';
import type { ConnectionTrouble } from './connection-trouble.ts';
import { NotConnectedError } from './errors.ts';
import { addressOf } from './guards.ts';
import { ping } from './ping.ts';

/**
 * Resolves once the layout is known and every primary answers.
 *
 * @param check - throws when there is no point in waiting any longer
 * @throws {NotConnectedError} when it takes too long.
 */
export async function connected(
  cluster: Cluster,
  trouble: ConnectionTrouble,
  withinMs: number,
  check: () => void,
): Promise<void> {
  const until = performance.now() + withinMs;
  for (;;) {
    check();
    const primaries = cluster.status === 'ready' ? cluster.nodes('master') : [];
    if (primaries.length > 0) {
      const answers = await Promise.allSettled(
        primaries.map(async (node) => {
          try {
            await ping(node, Math.ceil(until - performance.now()));
          } catch (error) {
            trouble.note(error as Error, addressOf(node));
            throw error;
          }
        }),
      );
      if (answers.every(({ status }) => status === 'fulfilled')) return;
    }
    if (performance.now() >= until) throw new NotConnectedError(withinMs, trouble.why);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * Ends ioredis's connections, whatever state they are in.
 *
 * The `Cluster` itself says `end` only if it has connections that can end: not while it looks for a first
 * node, nor while it waits to try again.
 */
export async function endOf(cluster: Cluster): Promise<void> {
  const ends = cluster
    .nodes('all')
    .filter(({ status }) => status !== 'end')
    // Not `once` of node:events: a socket that fails on its way out would have `close` reject.
    .map((node) => new Promise((ended) => void node.once('end', ended)));
  cluster.disconnect();
  await Promise.all(ends);
}

/**
 * Has ioredis ask for the topology. What goes wrong it tells as `error`.
 *
 * @param isOurs - whether it may also be made to begin again at its seeds
 */
export function refresh(cluster: Cluster, isOurs: boolean): void {
  // A handed-over cluster may not have been told to connect yet.
  if (cluster.status === 'wait') cluster.connect().catch(tellConnectionError);
  else
    cluster.refreshSlotsCache((error) => {
      if (error && isOurs) beginAgain(cluster);
    });
}

/**
 * Ends the nodes that ioredis knows and has never connected to, when those are all it has and none of them answers:
 * replicas that died before anybody read from them. It asks for the topology there alone, and returns to its seeds
 * only when it knows no node at all.
 */
function beginAgain(cluster: Cluster): void {
  const nodes = cluster.nodes('all');
  if (cluster.status === 'ready' && nodes.every(({ status }) => status === 'wait')) {
    for (const node of nodes) node.disconnect();
  }
}

/** Resolves when nothing is open any more, or when the time is over. */
export async function untilIdle(isIdle: () => boolean, withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  while (!isIdle() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** How this process reaches a node that others know by an address. */
export function reachOf(cluster: Cluster, announced: string): string {
  const { natMap } = cluster.options;
  const mapped = typeof natMap === 'function' ? natMap(announced) : natMap?.[announced];
  return mapped ? `${mapped.host}:${mapped.port}` : announced;
}

/**
 * Has ioredis connect to a node that it does not know yet: one that a redirect names before the topology does. It is
 * told as any other node is, by `+node`.
 */
export function connectTo(cluster: Cluster, address: string): void {
  const at = address.lastIndexOf(':');
  // ioredis follows redirects this way, but has no public name for it. It also follows them by itself, and ends the
  // process with an unhandled rejection when the node that an ASK names is lost.
  const { connectionPool } = cluster as unknown as {
    readonly connectionPool: { findOrCreate(node: { host: string; port: number }): unknown };
  };
  connectionPool.findOrCreate({ host: address.slice(0, at), port: Number(address.slice(at + 1)) });
}
