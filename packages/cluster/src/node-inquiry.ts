import type { Redis } from 'ioredis';
import { type Denied, deniedCommands } from './permissions.ts';

/** How long a node may take to answer all questions, in milliseconds. */
const LIMIT_MS = 2_000;

/** What a node says about itself. What it refuses to say is `undefined`. */
export interface NodeFacts {
  /** `7.0.15`, and for people `Redis 7.0.15`. */
  readonly version: string | undefined;
  readonly product: string | undefined;
  readonly maxMemory: number | undefined;
  readonly evictionPolicy: string | undefined;
  readonly requiresFullCoverage: boolean | undefined;
  readonly clusterState: string | undefined;

  /** How far its clock is ahead of this machine's, and by how much that may be wrong, in milliseconds. */
  readonly clock: { readonly offsetMs: number; readonly uncertaintyMs: number } | undefined;
  readonly denied: readonly Denied[];
}

/** What came of asking a node. */
export type Inquiry =
  | { readonly outcome: 'answered'; readonly facts: NodeFacts }
  | { readonly outcome: 'failed'; readonly why: string };

/**
 * Asks one node about itself on a connection of its own, so that nothing that is asked stands in the way of calls, and
 * ends it. Never rejects.
 *
 * @param like - a connection of ioredis's with the options to connect with
 * @param onOpen - given what ends the inquiry at once
 */
export async function inquire(
  like: Redis,
  { host, port }: { readonly host: string; readonly port: number },
  onOpen: (end: () => void) => void,
): Promise<Inquiry> {
  const connection = like.duplicate({
    host,
    port,
    lazyConnect: true,
    readOnly: false,
    enableReadyCheck: false,
    enableOfflineQueue: true,
    retryStrategy: () => null,
    disconnectTimeout: 100,
    protocol: 2,
    connectionName: 'keyslot-self-check',
  });
  let why = 'no connection';
  // The first one says why; those that follow only that it ended.
  connection.once('error', (error) => {
    why = error.message;
  });
  connection.on('error', () => {});
  const ended = Promise.withResolvers<never>();
  connection.once('end', () => ended.reject(new Error(why)));
  // Nobody may be waiting for it any more.
  ended.promise.catch(() => {});
  const late = setTimeout(() => {
    why = `no answer within ${LIMIT_MS} ms`;
    connection.disconnect();
  }, LIMIT_MS);
  onOpen(() => connection.disconnect());
  try {
    const facts = ask(connection);
    facts.catch(() => {});
    return { outcome: 'answered', facts: await Promise.race([facts, ended.promise]) };
  } catch (error) {
    return { outcome: 'failed', why: why === 'no connection' ? (error as Error).message : why };
  } finally {
    clearTimeout(late);
    connection.disconnect();
  }
}

async function ask(connection: Redis): Promise<NodeFacts> {
  await connection.connect();
  // A refused question is an answer, too. One that fails because the connection ended fails the whole inquiry.
  const asked = (...[name, ...args]: [string, ...string[]]) =>
    connection.call(name, ...args).catch((error: Error) => {
      if (error.name !== 'ReplyError') throw error;
      return undefined;
    });
  const clock = await clockOf(() => asked('TIME'));
  const [info, clusterInfo, config] = await Promise.all([
    asked('INFO'),
    asked('CLUSTER', 'INFO'),
    asked('CONFIG', 'GET', 'cluster-require-full-coverage'),
  ]);
  const field = (text: unknown, name: string) =>
    typeof text === 'string' ? new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1] : undefined;
  const valkey = field(info, 'valkey_version');
  const version = valkey ?? field(info, 'redis_version');
  const maxMemory = field(info, 'maxmemory');
  const coverage = (config as string[] | undefined)?.[1];
  return {
    version,
    product: version === undefined ? undefined : `${valkey === undefined ? 'Redis' : 'Valkey'} ${version}`,
    maxMemory: maxMemory === undefined ? undefined : Number(maxMemory),
    evictionPolicy: field(info, 'maxmemory_policy'),
    requiresFullCoverage: coverage === undefined ? undefined : coverage === 'yes',
    clusterState: field(clusterInfo, 'cluster_state'),
    clock,
    denied: await deniedCommands(connection),
  };
}

/** The server read its clock somewhere between question and answer. */
async function clockOf(time: () => Promise<unknown>): Promise<NodeFacts['clock']> {
  const before = Date.now();
  const start = performance.now();
  const reply = (await time()) as [seconds: string, micros: string] | undefined;
  const uncertaintyMs = (performance.now() - start) / 2;
  if (reply === undefined) return undefined;
  const serverMs = Number(reply[0]) * 1_000 + Number(reply[1]) / 1_000;
  return { offsetMs: serverMs - (before + uncertaintyMs), uncertaintyMs };
}
