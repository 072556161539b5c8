import { Entrant } from './entrant.ts';
import type { Opening } from './peer.ts';
import { PEERS } from './peers.ts';

/** What the bench asks of a process: that so many callers ask one library for one key, at a moment. */
export interface Order {
  readonly name: string;
  readonly id: string;
  readonly callers: number;
  readonly loadMs: number;

  /** When to begin, in milliseconds since 1970. */
  readonly at: number;
}

/** What came of it, in milliseconds since 1970. The first report of a process only says that it is ready. */
export interface Report {
  readonly loads: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly refusal?: string;
}

const [names, addresses] = process.argv.slice(2).map((each) => JSON.parse(each) as unknown);
const peers = PEERS.filter(({ name }) => (names as string[]).includes(name));
const entrants = await Promise.all(
  peers.map((peer) => Entrant.enter(peer, addresses as Opening['addresses'])),
);
// Connections to all shards, and code that has run before.
for (const { open } of entrants) {
  await Promise.all(Array.from({ length: 200 }, (_, n) => open.read(`worker-${process.pid}-${n}`)()));
}

process.on('message', (order: Order) => void obey(order));
process.on('disconnect', () => process.exit());
process.send?.({ loads: 0, startedAt: 0, endedAt: 0 } satisfies Report);

async function obey({ name, id, callers, loadMs, at }: Order): Promise<void> {
  const entrant = entrants.find(({ peer }) => peer.name === name);
  if (entrant === undefined) throw new Error(`asked for ${name}; there are ${String(names)}`);
  const { database, open } = entrant;
  const before = database.loads;
  entrant.begin();
  database.delayMs = loadMs;
  await new Promise((resolve) => setTimeout(resolve, at - Date.now()));
  const startedAt = now();
  try {
    const answers = await Promise.all(Array.from({ length: callers }, () => open.read(id)()));
    entrant.inspect(
      answers.map(() => id),
      answers,
    );
  } catch (error) {
    entrant.refuse(error);
  }
  const endedAt = now();
  const { refusal } = entrant;
  process.send?.({
    loads: database.loads - before,
    startedAt,
    endedAt,
    ...(refusal !== undefined && { refusal }),
  } satisfies Report);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
