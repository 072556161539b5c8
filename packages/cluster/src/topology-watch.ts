import type { Cluster } from 'ioredis';
import { BehaviorSubject, type Observable } from 'rxjs';
import { tellConnection } from './channels.ts';
import { reachOf } from './connections.ts';
import type { Guards } from './guards.ts';
import { isSame, type SlotRange, type Topology, topologyOf, UNKNOWN } from './topology.ts';
import { answerWithin } from './within.ts';

/** How many nodes are asked before it is left to the next refresh: one may be on its way out of the cluster. */
const ATTEMPTS = 3;

/** How long one of them may take, in milliseconds: a frozen node would keep everybody from asking another one. */
const ANSWER_MS = 1_000;

/**
 * Learns who serves what, by node id, each time ioredis has asked the cluster by address. While no node can be
 * asked, what was known last stands.
 */
export class TopologyWatch {
  readonly topology$: Observable<Topology>;
  readonly #subject = new BehaviorSubject<Topology>(UNKNOWN);
  readonly #cluster: Cluster;
  readonly #guards: () => Guards;
  #asking: Promise<void> | undefined;

  constructor(cluster: Cluster, guards: () => Guards) {
    this.#cluster = cluster;
    this.#guards = guards;
    this.topology$ = this.#subject.asObservable();
  }

  get current(): Topology {
    return this.#subject.value;
  }

  /** Asks one node, and another one if that fails. Questions that come while one is under way are the same question. */
  ask(): Promise<void> {
    this.#asking ??= this.#askSome().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Resolves once something is known, or could not be learnt. */
  async known(): Promise<void> {
    if (this.current === UNKNOWN) await this.ask();
  }

  async #askSome(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const guard = this.#guards().any();
      if (guard?.node === undefined) return;
      try {
        const answer = guard.node.cluster('SLOTS');
        guard.watch();
        this.#learn(await answerWithin(answer, 'CLUSTER SLOTS', ANSWER_MS));
        return;
      } catch (error) {
        // Another node, or the next refresh; until then what is known stands.
        const why = error instanceof Error ? error.message : 'CLUSTER SLOTS';
        tellConnection({ node: undefined, state: 'error', why });
      }
    }
  }

  #learn(reply: unknown): void {
    const ranges = this.#read(reply);
    const next = topologyOf(ranges, this.current);
    const ids = ranges.flatMap(({ nodes }) => nodes.map(({ address, id }) => [address, id] as const));
    this.#guards().identify(new Map(ids));
    if (!isSame(next, this.current)) this.#subject.next(next);
  }

  close(): void {
    this.#subject.complete();
  }

  #read(reply: unknown): SlotRange[] {
    const reach = (host: unknown, port: unknown) => reachOf(this.#cluster, `${String(host)}:${String(port)}`);
    return (reply as [number, number, ...[string, number, string][]][]).map(([from, to, ...nodes]) => ({
      from,
      to,
      nodes: nodes.filter(([host]) => host).map(([host, port, id]) => ({ id, address: reach(host, port) })),
    }));
  }
}
