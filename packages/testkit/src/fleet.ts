import { type AnyKey, slotOf } from '@keyslot/keys';
import type { ClusterDriver, NodeProcess } from './driver.ts';
import { ClusterStateError } from './errors.ts';
import { type Shape, serverArgs, whole } from './options.ts';
import { TestNode } from './test-node.ts';
import { Topology } from './topology.ts';

/** The nodes of one cluster, what runs them, and who of them serves what. */
export class Fleet {
  readonly nodes: TestNode[] = [];
  readonly topology = new Topology(() => this.nodes);
  readonly shape: Shape;
  readonly driver: ClusterDriver;
  readonly #processes = new Map<TestNode, NodeProcess>();

  constructor(driver: ClusterDriver, shape: Shape) {
    this.driver = driver;
    this.shape = shape;
  }

  get running(): TestNode[] {
    return this.nodes.filter(({ state }) => state === 'running');
  }

  get primaries(): TestNode[] {
    return this.running.filter(({ role }) => role === 'primary');
  }

  primaryOf(key: AnyKey | string | number): TestNode {
    const slot = typeof key === 'number' ? key : typeof key === 'string' ? slotOf(key) : key.slot;
    const id = this.topology.ownerOf(whole('slot', slot, 0, 16_383));
    const owner = this.nodes.find((node) => node.id === id);
    if (owner === undefined) throw new ClusterStateError(`Nobody owns slot ${slot}`);
    return owner;
  }

  replicasOf(primary: TestNode): TestNode[] {
    return this.nodes.filter(({ id }) => this.topology.line(id)?.primaryId === primary.id);
  }

  /** Starts further servers. They know nothing of the cluster yet. */
  async add(count: number): Promise<TestNode[]> {
    const args = serverArgs(this.shape);
    const starts = await Promise.allSettled(
      Array.from({ length: count }, async () => {
        const process = await this.driver.add(args);
        const node = await TestNode.of(process, this.topology);
        this.nodes.push(node);
        this.#processes.set(node, process);
        return node;
      }),
    );
    // All have settled: what is thrown now is thrown when nothing is starting any more.
    return starts.map((start) => {
      if (start.status === 'rejected') throw start.reason;
      return start.value;
    });
  }

  processOf(node: TestNode): NodeProcess {
    const process = this.#processes.get(node);
    if (process === undefined) throw new ClusterStateError(`${node} belongs to another cluster`);
    return process;
  }

  /** Ends the haste of the start: from now on nodes are as patient with each other as was asked for. */
  async settle(): Promise<void> {
    const timeout = `${this.shape.nodeTimeoutMs}`;
    await Promise.all(this.running.map(({ admin }) => admin.config('SET', 'cluster-node-timeout', timeout)));
  }

  async close(): Promise<void> {
    this.topology.stop();
    for (const { admin } of this.nodes) admin.disconnect();
    await this.driver[Symbol.asyncDispose]();
  }
}
