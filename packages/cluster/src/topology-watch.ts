import type { Cluster } from 'ioredis';
import { BehaviorSubject, type Observable } from 'rxjs';
import { tellConnection } from './channels.ts';
import type { Guards } from './guards.ts';
import { isSame, type SlotRange, type Topology, topologyOf, UNKNOWN } from './topology.ts';

/**
 * Learns who serves what, by node id, each time ioredis has asked the cluster by address. While no node can be
 * asked, what was known last stands.
 */
export class TopologyWatch {
  readonly topology$: Observable<Topology>;
  readonly #subject = new BehaviorSubject<Topology>(UNKNOWN);
  readonly #cluster: Cluster;
  readonly #guards: () => Guards;
  #isAsking = false;

  constructor(cluster: Cluster, guards: () => Guards) {
    this.#cluster = cluster;
    this.#guards = guards;
    this.topology$ = this.#subject.asObservable();
  }

  get current(): Topology {
    return this.#subject.value;
  }

  /** Asks one node. Questions that come while one is under way are the same question. */
  async ask(): Promise<void> {
    const node = this.#guards().any()?.node;
    if (this.#isAsking || node === undefined) return;
    this.#isAsking = true;
    try {
      const ranges = this.#read(await node.cluster('SLOTS'));
      const next = topologyOf(ranges, this.current);
      this.#guards().identify(
        new Map(ranges.flatMap(({ nodes }) => nodes.map(({ address, id }) => [address, id] as const))),
      );
      if (!isSame(next, this.current)) this.#subject.next(next);
    } catch (error) {
      // The next refresh asks another node; until then what is known stands.
      tellConnection({
        node: undefined,
        state: 'error',
        why: error instanceof Error ? error.message : 'CLUSTER SLOTS',
      });
    } finally {
      this.#isAsking = false;
    }
  }

  close(): void {
    this.#subject.complete();
  }

  #read(reply: unknown): SlotRange[] {
    const { natMap } = this.#cluster.options;
    const reach = (host: unknown, port: unknown): string => {
      const announced = `${String(host)}:${String(port)}`;
      const mapped = typeof natMap === 'function' ? natMap(announced) : natMap?.[announced];
      return mapped ? `${mapped.host}:${mapped.port}` : announced;
    };
    return (reply as [number, number, ...[string, number, string][]][]).map(([from, to, ...nodes]) => ({
      from,
      to,
      nodes: nodes.filter(([host]) => host).map(([host, port, id]) => ({ id, address: reach(host, port) })),
    }));
  }
}
