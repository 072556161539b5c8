import type { AnyKey } from '@keyslot/keys';
import { Cluster } from 'ioredis';
import { keysWithoutExpiry, leases } from './audit.ts';
import { failover } from './failover.ts';
import { Fleet } from './fleet.ts';
import { follow, form, join } from './formation.ts';
import { PATIENCE_MS, untilFailedOver, untilHealthy } from './health.ts';
import { openDriver } from './open-driver.ts';
import { shapeOf, type TestClusterOptions } from './options.ts';
import { moveSlots, type SlotMove } from './slot-moves.ts';
import type { TestNode } from './test-node.ts';
import { until } from './until.ts';

/** What ioredis' `Cluster` takes as options. */
export type ConnectOptions = NonNullable<ConstructorParameters<typeof Cluster>[1]>;

/**
 * A Redis or Valkey Cluster of real servers on this machine, for tests and for trying things out.
 *
 * Everything listens on 127.0.0.1. All of it is gone after disposal, and also when the program ends in any
 * other way.
 *
 * @example
 * ```ts
 * await using cluster = await TestCluster.start({ primaries: 3, replicasPerPrimary: 1 });
 * const client = cluster.connect();
 * await client.set('greeting', 'hello', 'EX', 60);
 *
 * const victim = cluster.primaryOf('greeting');
 * await cluster.kill(victim);
 * await cluster.untilFailedOver(victim);
 * ```
 */
export class TestCluster implements AsyncDisposable {
  readonly #fleet: Fleet;
  readonly #clients: Cluster[] = [];
  readonly #limited = new Set<TestNode>();
  #disposal: Promise<void> | undefined;

  private constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** Starts the servers, and resolves when all agree, every slot is served and the replicas are in sync. */
  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const shape = shapeOf(options);
    const fleet = new Fleet(options.driver ?? (await openDriver()), shape);
    try {
      await fleet.add(shape.primaries * (1 + shape.replicasPerPrimary));
      await form(fleet);
      await untilHealthy(fleet);
      await fleet.settle();
      fleet.topology.watch();
      return new TestCluster(fleet);
    } catch (error) {
      await fleet.close();
      throw error;
    }
  }

  /** What the cluster is made of, for people: the server, its version and where it came from. */
  get description(): string {
    return this.#fleet.driver.description;
  }

  get nodes(): readonly TestNode[] {
    return this.#fleet.nodes;
  }

  /** The nodes that own slots, or may, by what the cluster says now; stopped and frozen ones are left out. */
  get primaries(): readonly TestNode[] {
    return this.#fleet.primaries;
  }

  /** Where a client may begin: every node. */
  get addresses(): { host: string; port: number }[] {
    return this.#fleet.nodes.map(({ host, port }) => ({ host, port }));
  }

  /**
   * The primary that serves a key, given as a key, as its text or as its slot.
   *
   * Answers at once from a picture at most some tenths of a second old; after any method of this class it is
   * current.
   */
  primaryOf(key: AnyKey | string | number): TestNode {
    return this.#fleet.primaryOf(key);
  }

  /** The replicas that follow a primary now, also those that are stopped or frozen. */
  replicasOf(primary: TestNode): readonly TestNode[] {
    return this.#fleet.replicasOf(primary);
  }

  /**
   * A plain ioredis client of its own, as another process would have. Closed with the cluster.
   *
   * @param options - ioredis' own; its defaults apply
   */
  connect(options: ConnectOptions = {}): Cluster {
    const client = new Cluster(this.addresses, options);
    client.on('error', () => {
      // Tests break nodes on purpose; the commands that suffer reject, which is what tests look at.
    });
    this.#clients.push(client);
    return client;
  }

  /** Ends a node at once, as an outage would. Its shard is without a primary until a replica takes over. */
  async kill(node: TestNode): Promise<void> {
    this.#fleet.topology.remember(node.id);
    await this.#fleet.processOf(node).kill();
    await this.#fleet.topology.refresh();
  }

  /**
   * Starts a killed node again, empty and under its old id and port. When nobody took over from it, it is still
   * the primary of its slots, and its replicas throw away what they have.
   */
  async restart(node: TestNode): Promise<void> {
    await this.#fleet.processOf(node).start();
    await until(`${node} answers`, PATIENCE_MS, async () => {
      await this.#fleet.topology.refresh();
      return this.#fleet.topology.knows(node.id, node.id) ? undefined : 'it does not yet';
    });
    await this.#fleet.settle();
  }

  /** Stops a node with SIGSTOP: connections stay open, nothing is answered. */
  async freeze(node: TestNode): Promise<void> {
    this.#fleet.topology.remember(node.id);
    await this.#fleet.processOf(node).freeze();
  }

  /** Lets a frozen node go on. It answers what was sent to it meanwhile, first as the primary it was. */
  async thaw(node: TestNode): Promise<void> {
    await this.#fleet.processOf(node).thaw();
    await this.#fleet.topology.refresh();
  }

  /**
   * Hands a shard over to a replica by `CLUSTER FAILOVER`, without losing writes. Takes a second; some more when the
   * same primary was replaced less than twice the node timeout ago, because the others vote against that.
   *
   * @param node - the replica to promote, or a primary whose first running replica is promoted
   * @returns the new primary, once every running node agrees
   */
  async failover(node: TestNode): Promise<TestNode> {
    return failover(this.#fleet, node);
  }

  /**
   * Moves slots with their keys while clients use them, and resolves when every running node agrees. After a
   * failure the same call goes on where it stopped; slots that have arrived already are passed over.
   *
   * @returns how many slots and keys were moved
   */
  async moveSlots(move: SlotMove): Promise<{ slots: number; keys: number }> {
    return moveSlots(this.#fleet, move);
  }

  /** Adds a primary without slots, and as many replicas as the others have. {@link moveSlots} gives it work. */
  async addShard(): Promise<TestNode> {
    const added = await this.#fleet.add(1 + this.#fleet.shape.replicasPerPrimary);
    const [primary, ...replicas] = added as [TestNode, ...TestNode[]];
    await join(added, this.#fleet);
    await Promise.all(replicas.map((replica) => follow(replica, primary)));
    await this.untilHealthy();
    await this.#fleet.settle();
    return primary;
  }

  /**
   * Limits a node's memory from now on; `'0'` lifts the limit.
   *
   * @param memory - as Redis writes it: `'20mb'`
   * @param policy - what is evicted then; the server's default is `noeviction`
   */
  async setMaxMemory(node: TestNode, memory: string, policy?: string): Promise<void> {
    if (policy !== undefined) await node.admin.config('SET', 'maxmemory-policy', policy);
    await node.admin.config('SET', 'maxmemory', memory);
    this.#limited.add(node);
  }

  /** Keys of all running primaries that would stay for ever. A cache has none. */
  async keysWithoutExpiry(): Promise<string[]> {
    return keysWithoutExpiry(this.primaries);
  }

  /** Keys of all running primaries that hold a lease of Keyslot: a value that begins with the byte `L`. */
  async leases(): Promise<string[]> {
    return leases(this.primaries);
  }

  /** Resolves when all running nodes agree, serve every slot between them, and the replicas are in sync. */
  async untilHealthy(): Promise<void> {
    await untilHealthy(this.#fleet);
  }

  /**
   * Resolves when another node serves what a killed or frozen primary served, and every running node agrees.
   *
   * @returns the new primary
   */
  async untilFailedOver(node: TestNode): Promise<TestNode> {
    return untilFailedOver(this.#fleet, node);
  }

  /** Undoes what was done to the nodes: thaws, restarts, lifts limits of memory, and waits until all is well. */
  async heal(): Promise<void> {
    for (const node of this.#fleet.nodes) {
      if (node.state === 'frozen') await this.thaw(node);
      if (node.state === 'stopped') await this.restart(node);
    }
    await this.untilHealthy();
    for (const node of this.#limited)
      await node.admin.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
    this.#limited.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    await this.#disposal;
  }

  async #dispose(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.#fleet.close();
  }
}
