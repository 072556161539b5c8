import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { BreakerChange, ConnectionChange, Retry } from '@keyslot/cluster';
import type { TestCluster } from '@keyslot/testkit';

/** What a channel tells until this is disposed of. */
interface Listening<Message> {
  readonly messages: Message[];
  [Symbol.dispose](): void;
}

export const listenToRetries = (): Listening<Retry> => listen('keyslot:cluster.retry');
export const listenToBreakers = (): Listening<BreakerChange> => listen('keyslot:cluster.breaker');
export const listenToConnections = (): Listening<ConnectionChange> => listen('keyslot:cluster.connection');

function listen(name: string): Listening<never> {
  const messages: never[] = [];
  // A channel's name says what it tells.
  const note = (message: unknown) => void messages.push(message as never);
  subscribe(name, note);
  return { messages, [Symbol.dispose]: () => void unsubscribe(name, note) };
}

/** Counts the connections to nodes that clients of this process tried to open in vain. */
export function countRefused(): { readonly counts: { refused: number }; [Symbol.dispose](): void } {
  const counts = { refused: 0 };
  const note = (message: unknown) => {
    const { state, why } = message as ConnectionChange;
    if (state === 'error' && why?.includes('ECONNREFUSED')) counts.refused++;
  };
  subscribe('keyslot:cluster.connection', note);
  return { counts, [Symbol.dispose]: () => void unsubscribe('keyslot:cluster.connection', note) };
}

/** How often the running nodes were asked for CLUSTER SLOTS. */
export async function slotsAsked(cluster: TestCluster): Promise<number> {
  const running = cluster.nodes.filter(({ state }) => state === 'running');
  const infos = await Promise.all(running.map(({ admin }) => admin.info('commandstats')));
  return infos.reduce(
    (sum, info) => sum + Number(/^cmdstat_cluster\|slots:calls=(\d+)/m.exec(info)?.[1] ?? 0),
    0,
  );
}
