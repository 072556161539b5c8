import { randomUUID } from 'node:crypto';
import type { TestCluster } from '@keyslot/testkit';

const PASSWORD = 'of-a-tenant';

/** What a server has refused a user. */
interface Refusal {
  readonly reason: string;
  readonly object: string;

  /** Whether it asked itself, or a script of its. */
  readonly context: string;
}

/** A user of all nodes of a cluster, for as long as it is not disposed of. */
export class ClusterUser implements AsyncDisposable {
  readonly name = `user-${randomUUID()}`;
  readonly connection = { username: this.name, password: PASSWORD };
  readonly #cluster: TestCluster;

  private constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  /** @param rules - as in `ACL SETUSER`, after the name */
  static async create(cluster: TestCluster, rules: string): Promise<ClusterUser> {
    const user = new ClusterUser(cluster);
    await user.#everywhere('SETUSER', user.name, 'on', `>${PASSWORD}`, ...rules.split(' '));
    await user.#everywhere('LOG', 'RESET');
    return user;
  }

  /** What has been refused so far, each once. */
  async refusals(): Promise<Refusal[]> {
    const logs = (await this.#everywhere('LOG', '128')) as (readonly string[])[][];
    const refused = new Map<string, Refusal>();
    for (const entry of logs.flat()) {
      const field = (name: string) => String(entry[entry.indexOf(name) + 1]);
      if (field('username') !== this.name) continue;
      const refusal = { reason: field('reason'), object: field('object'), context: field('context') };
      refused.set(JSON.stringify(refusal), refusal);
    }
    return [...refused.values()];
  }

  /** What a server would answer the user. */
  async wouldBeTold(...command: string[]): Promise<string> {
    const [node] = this.#cluster.primaries;
    return String(await node?.admin.call('ACL', 'DRYRUN', this.name, ...command));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#everywhere('DELUSER', this.name);
  }

  #everywhere(...args: [string, ...string[]]): Promise<unknown[]> {
    return Promise.all(this.#cluster.nodes.map(({ admin }) => admin.call('ACL', ...args)));
  }
}
