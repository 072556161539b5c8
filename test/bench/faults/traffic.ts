import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallOptions, type ClusterClient, defineScript, type LuaSource } from '@keyslot/cluster';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { keysOn, ownersOf } from '../../cluster/keys-on.ts';
import { codeOf } from './code-of.ts';

const TEXT = "redis.call('SET', KEYS[1], ARGV[1], 'PX', 600000) return redis.call('GET', KEYS[1])";
const SOURCE: LuaSource<'key', { value: string }> = {
  name: 'keep',
  sha1: createHash('sha1').update(TEXT).digest('hex'),
  text: TEXT,
  keys: ['key'],
  args: ['value'],
};

/** A script that may be repeated: it leaves what one run of it leaves. */
const keep = defineScript(SOURCE, 'idempotent', (reply) => String(reply));

const TTL_MS = 600_000;

/** How long a caller does something else after an error, in milliseconds: a loop without it would measure itself. */
const AFTER_ERROR_MS = 10;

/** A call that has ended. */
interface End {
  readonly shard: TestNode;
  readonly startedAt: number;
  readonly endedAt: number;

  /** The error's code, or `undefined` for an answer. */
  readonly code: string | undefined;
}

/** What happened to calls of a time span. */
export interface Span {
  readonly calls: number;
  readonly answersPerSecond: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  readonly codes: readonly string[];
}

/** Closed-loop callers of every shard, by turns with single GET, SET and scripts, and what became of their calls. */
export class Traffic {
  readonly ends: End[] = [];
  readonly #pending = new Set<{ readonly startedAt: number }>();
  readonly #over = new AbortController();
  readonly #callers: Promise<void>[] = [];
  readonly #client: ClusterClient;
  readonly #options: CallOptions;

  constructor(
    client: ClusterClient,
    cluster: TestCluster,
    { callers = 64, ...options }: CallOptions & { readonly callers?: number } = {},
  ) {
    this.#client = client;
    this.#options = options;
    for (const node of ownersOf(cluster)) {
      const keys = keysOn(cluster, node, callers, 'fault');
      for (const [i, key] of keys.entries()) this.#callers.push(this.#caller(node, key, i));
    }
  }

  /** How many calls are under way that began before a moment. */
  pendingSince(moment: number): number {
    return [...this.#pending].filter(({ startedAt }) => startedAt <= moment).length;
  }

  /** Ends the callers, each after its call. */
  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#callers);
  }

  /** What ended within a span of time, of the shards that are asked for. */
  between(from: number, to: number, isMeant: (shard: TestNode) => boolean): Span {
    const ends = this.ends.filter(({ shard, endedAt }) => endedAt >= from && endedAt < to && isMeant(shard));
    const times = ends.map(({ startedAt, endedAt }) => endedAt - startedAt).sort((a, b) => a - b);
    const codes = ends.flatMap(({ code }) => (code === undefined ? [] : [code]));
    return {
      calls: ends.length,
      answersPerSecond: ((ends.length - codes.length) / (to - from)) * 1_000,
      p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
      longestMs: times.at(-1) ?? 0,
      codes,
    };
  }

  /** The answers per second of the weakest step of so many milliseconds. */
  weakest(from: number, to: number, stepMs: number, isMeant: (shard: TestNode) => boolean): number {
    let least = Number.POSITIVE_INFINITY;
    for (let at = from; at + stepMs <= to; at += stepMs) {
      least = Math.min(least, this.between(at, at + stepMs, isMeant).answersPerSecond);
    }
    return least;
  }

  async #caller(shard: TestNode, key: string, turn: number): Promise<void> {
    for (let round = turn; !this.#over.signal.aborted; round++) {
      const call = { startedAt: performance.now() };
      this.#pending.add(call);
      let code: string | undefined;
      try {
        await this.#call(key, round);
      } catch (error) {
        code = codeOf(error);
      }
      this.#pending.delete(call);
      this.ends.push({ shard, ...call, endedAt: performance.now(), code });
      if (code !== undefined) await sleep(AFTER_ERROR_MS);
    }
  }

  #call(key: string, round: number): Promise<unknown> {
    switch (round % 3) {
      case 0:
        return this.#client.get(key, this.#options);
      case 1:
        return this.#client.set(key, key, { ttl: TTL_MS, ...this.#options });
      default:
        return this.#client.run(keep, { key }, { value: key }, this.#options);
    }
  }
}
