import { Redis } from 'ioredis';
import type { NodeProcess, NodeState } from './driver.ts';
import type { NodeRole, Topology } from './topology.ts';

/** One server of a {@link TestCluster}. */
export class TestNode {
  /** The id by which the cluster knows the node; stays the same through restarts and failovers. */
  readonly id: string;

  /** A connection of the testkit's own to exactly this node, whatever its role. Closed with the cluster. */
  readonly admin: Redis;

  readonly #process: NodeProcess;
  readonly #topology: Topology;

  private constructor(id: string, admin: Redis, process: NodeProcess, topology: Topology) {
    this.id = id;
    this.admin = admin;
    this.#process = process;
    this.#topology = topology;
  }

  /** Asks a server that answers already for its id. */
  static async of(process: NodeProcess, topology: Topology): Promise<TestNode> {
    const admin = new Redis({
      host: process.host,
      port: process.port,
      protocol: 2,
      disableClientInfo: true,
      enableReadyCheck: false,
      connectionName: 'keyslot-testkit',
      commandTimeout: 10_000,
      maxRetriesPerRequest: 0,
      retryStrategy: () => 30,
    });
    admin.on('error', () => {
      // Expected while the node is killed or restarting; the command that needs the connection rejects.
    });
    return new TestNode(await admin.cluster('MYID'), admin, process, topology);
  }

  get host(): string {
    return this.#process.host;
  }

  get port(): number {
    return this.#process.port;
  }

  /** The operating system's number of the process; `undefined` while it is stopped. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  get state(): NodeState {
    return this.#process.state;
  }

  /** The role by what the cluster said last, at most some tenths of a second ago. */
  get role(): NodeRole {
    return this.#topology.line(this.id)?.role ?? 'primary';
  }

  /** How many slots the node owns now. */
  get slotCount(): number {
    return this.#topology.slotsOf(this.id).length;
  }

  toString(): string {
    return `${this.role} ${this.id.slice(0, 8)} on port ${this.port}`;
  }
}
